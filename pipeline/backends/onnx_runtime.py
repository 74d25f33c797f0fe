"""ONNX Runtime: runs everywhere; on a vehicle's GPU through its TensorRT and CUDA providers."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.graph import Flat
from road_clarity.pipeline.backends.runtime import BF16, Runtime

SUFFIX = ".onnx"
CPU, CUDA, TENSORRT = (
    "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider",
)  # fmt: skip
LARGEST_FILE = 2**31  # [bytes] of a protobuf message; larger weights lie beside it


def package() -> Any:
    """Raises BadInput where it is not installed."""
    try:
        import onnxruntime
    except ImportError as error:
        raise BadInput("onnxruntime", error, "pip install 'road_clarity[onnx]'") from error
    return onnxruntime


def write(flat: Flat, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Trace the entry on example inputs and write it as path.onnx.  Raises BadInput."""
    try:
        import onnxscript  # noqa: F401  torch.onnx needs it
    except ImportError as error:
        raise BadInput("onnxscript", error, "pip install 'road_clarity[onnx]'") from error
    size = sum(one.numel() * one.element_size() for one in flat.parameters())
    some = {0: torch.export.Dim("batch", min=1, max=64)} if flat.entry.batched else None
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            flat,
            inputs,
            path.with_suffix(SUFFIX),
            dynamo=True,
            input_names=flat.entry.inputs,
            output_names=flat.outputs,
            dynamic_shapes={"inputs": (some,) * len(inputs)},
            external_data=size > LARGEST_FILE,
        )


class OnnxGraph:
    """As many threads as torch has."""

    def __init__(self, path: Path, outputs: Sequence[str], precision: str, device: str) -> None:
        """outputs: names of those before the explained map.  Raises BadInput."""
        onnxruntime = package()
        wanted = providers(onnxruntime.get_available_providers(), precision, device)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            path.with_suffix(SUFFIX), options, providers=wanted
        )
        (provider, _), *_ = wanted
        if self._session.get_providers()[0] != provider:
            remedy = "ONNX Runtime could not start it; see its own message, or use --device cpu"
            raise BadInput("execution provider", provider, remedy)
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._outputs, self._device = list(outputs), device
        self.runtime = Runtime("onnx", onnxruntime.__version__, precision, provider)

    def run(self, inputs: Sequence[Tensor], explained: bool = False) -> tuple[Tensor, ...]:
        arrays = (one.contiguous().cpu().numpy() for one in inputs)
        feed = dict(zip(self._inputs, arrays, strict=True))
        said = self._session.run(None if explained else self._outputs, feed)
        return tuple(torch.from_numpy(one).to(self._device) for one in said)


def providers(
    available: Sequence[str], precision: str, device: str
) -> list[tuple[str, dict[str, Any]]]:
    """The fastest of the device first, each with its options.  Raises BadInput when none is there.

    A GPU's providers are followed by those that do what TensorRT leaves over.
    """
    if device == "cpu":
        return [(CPU, {})]
    tensorrt = {"trt_bf16_enable": precision == BF16, "trt_engine_cache_enable": True}
    fastest_first: tuple[tuple[str, dict[str, Any]], ...] = ((TENSORRT, tensorrt), (CUDA, {}))
    there = [one for one in fastest_first if one[0] in available]
    # CUDA's own kernels compute in the precision of the file, which is float32.
    if not there or (precision == BF16 and TENSORRT not in available):
        wanted = TENSORRT if precision == BF16 else f"{TENSORRT} or {CUDA}"
        remedy = f"this ONNX Runtime has no {wanted}; pip install onnxruntime-gpu, or --device cpu"
        raise BadInput("device", device, remedy)
    return [*there, (CPU, {})]
