"""ONNX Runtime: runs everywhere; on a vehicle's GPU through its TensorRT and CUDA providers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
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
OPSET = 18  # which TensorRT and ONNX Runtime know since 2023


def package(name: str) -> Any:
    """onnxruntime to run a graph, onnx to write one.  Raises BadInput where it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise BadInput(name, error, "pip install 'road_clarity[onnx]'") from error


def write(flat: Flat, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Trace the entry on example inputs and write it as path.onnx.

    By torch's older exporter: the newer one takes ten times as long over SCNN's many small steps.
    Raises BadInput.
    """
    package("onnx")  # which torch's exporter asks for
    open_batch = {name: {0: "batch"} for name in (*flat.entry.inputs, *flat.outputs)}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of shapes, which are fixed
        torch.onnx.export(
            flat,
            inputs,
            path.with_suffix(SUFFIX),
            dynamo=False,
            opset_version=OPSET,
            input_names=flat.entry.inputs,
            output_names=flat.outputs,
            dynamic_axes=open_batch if flat.entry.batched else None,
        )


class OnnxGraph:
    """As many threads as torch has."""

    def __init__(self, path: Path, outputs: Sequence[str], precision: str, device: str) -> None:
        """outputs: names of those before the explained map.  Raises BadInput."""
        onnxruntime = package("onnxruntime")
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
