"""OpenVINO: the fastest on CPUs.  A graph is a pair of files, .xml and .bin."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.graph import Flat
from road_clarity.pipeline.backends.runtime import BF16, FP32, Runtime
from road_clarity.pipeline.backends.signal_stack import kept_signal_stack

ALONE = threading.Lock()


def package() -> Any:
    """Raises BadInput where it is not installed."""
    # Importing it would tell its makers that somebody did; a car calls nobody.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise BadInput("openvino", error, "pip install 'road_clarity[openvino]'") from error
    with (
        ALONE
    ):  # OpenVINO 2026.4 looks numpy up at its first array; two threads would hang for ever
        openvino.Type.f32.to_dtype()
    return openvino


def write(flat: Flat, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Trace the entry on example inputs and write it as path.xml and path.bin."""
    openvino = package()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of shapes, which are fixed
        model = openvino.convert_model(flat, example_input=inputs)
    shapes = [[-1 if flat.entry.batched else one.shape[0], *one.shape[1:]] for one in inputs]
    model.reshape(dict(zip(model.inputs, shapes, strict=True)))
    for port, name in zip(model.inputs, flat.entry.inputs, strict=True):
        port.tensor.set_names({name})
    for port, name in zip(model.outputs, flat.outputs, strict=True):
        port.tensor.set_names({name})
    keep_exact(model, getattr(flat.network, "exact_layers", None))
    openvino.save_model(model, path.with_suffix(".xml"), compress_to_fp16=False)


def keep_exact(model: Any, layers: str | None) -> None:
    """What runs up to the end of these layers stays in float32, whatever the rest is computed in.

    layers: beginning of their names in the network; None: no such layers
    """
    named = [op for op in model.get_ordered_ops() if layers and layers in op.get_friendly_name()]
    ahead = named[-1:]
    while ahead:
        op = ahead.pop()
        op.get_rt_info()["precise_0"] = ""  # OpenVINO's name for it, with its version
        ahead += [port.get_source_output().get_node() for port in op.inputs()]


class OpenVinoGraph:
    """As many threads as torch has; latency first, since frames come one at a time."""

    def __init__(self, path: Path, outputs: int, precision: str, device: str) -> None:
        """outputs: how many before the explained map.  Raises BadInput."""
        openvino = package()
        if device != "cpu":
            raise BadInput("device", device, "OpenVINO computes on the CPU: use --device cpu")
        types = {FP32: openvino.Type.f32, BF16: openvino.Type.bf16}
        wanted = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": types[precision],
            "ENABLE_CPU_PINNING": False,  # other networks, and torch, want the same cores
        }
        with kept_signal_stack():
            compiled = openvino.Core().compile_model(path.with_suffix(".xml"), "CPU", wanted)
        if str(compiled.get_property("INFERENCE_PRECISION_HINT")) != str(types[precision]):
            raise BadInput("precision", precision, "OpenVINO does not compute in it here; use fp32")
        self._request, self._outputs = compiled.create_infer_request(), outputs
        version = openvino.__version__.partition("-")[0]
        self.runtime = Runtime("openvino", version, precision, "CPU")

    def run(self, inputs: Sequence[Tensor], explained: bool = False) -> tuple[Tensor, ...]:
        arrays = [one.contiguous().numpy() for one in inputs]
        self._request.infer(arrays, share_inputs=True)
        count = len(self._request.output_tensors) if explained else self._outputs
        said = (self._request.get_output_tensor(index).data for index in range(count))
        return tuple(torch.from_numpy(one.copy()) for one in said)
