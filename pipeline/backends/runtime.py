"""Which backend runs a network, in which precision: what is asked for, and what was chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec

import torch

from road_clarity.models.errors import BadInput
from road_clarity.safety.settings import Checked, setting

AUTO = "auto"
TORCH = "torch"
BACKENDS = (AUTO, TORCH, "onnx", "openvino")
FP32, BF16 = "fp32", "bf16"
PRECISIONS = ("auto", FP32, BF16)
PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino"}  # that run an export
NATIVE = ("avx512_bf16", "amx_bf16")  # instructions that multiply bfloat16


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig(Checked):
    """What runs the networks of a stage.  onnx and openvino want an export of the weights first."""

    backend: str = setting(
        AUTO,
        "what runs the network: torch, onnx or openvino; auto: what `road-clarity export` found "
        "faster than torch here, else torch",
        among=BACKENDS,
    )
    precision: str = setting(
        "auto", "fp32, bf16, or auto: bf16 where the device multiplies it", among=PRECISIONS
    )


@dataclass(frozen=True)
class Runtime:
    """What really runs a network."""

    backend: str
    version: str  # of the backend
    precision: str  # fp32 or bf16
    provider: str  # what the backend computes on, in its own words

    def __str__(self) -> str:
        return f"{self.backend} {self.version} {self.precision} on {self.provider}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def multiplies_bfloat16(device: str) -> bool:
    """Whether the device does so natively: a network then costs half to a third."""
    if device == "cpu":
        able = torch.cpu.get_capabilities()
        return any(able.get(name, False) for name in NATIVE)
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


@dataclass(frozen=True)
class Way:
    """One way to run a network."""

    backend: str
    precision: str


def ways(settings: RuntimeConfig, device: str) -> tuple[Way, ...]:
    """Those that the settings allow, what is usually fastest first.  Raises BadInput.

    Several where the backend is auto: those that are installed here, then torch, which is the only
    one on a GPU.
    """
    if settings.backend != AUTO:
        return (Way(settings.backend, resolve_precision(settings, device)),)
    usual = Way(TORCH, resolve_precision(replace(settings, backend=TORCH), device))
    if device != "cpu":
        return (usual,)
    halved = (Way("openvino", BF16),) if usual.precision == BF16 else ()
    full = () if settings.precision == BF16 else (Way("onnx", FP32), Way("openvino", FP32))
    there = [way for way in (*halved, *full) if find_spec(PACKAGES[way.backend]) is not None]
    return (*there, usual)


def resolve_precision(settings: RuntimeConfig, device: str) -> str:
    """fp32 or bf16.  Raises BadInput for what the backend or the device cannot do."""
    wanted = settings.precision
    if settings.backend == "onnx" and device == "cpu":
        if wanted == BF16:
            remedy = "ONNX Runtime knows it on GPUs only; use fp32, or backend openvino or torch"
            raise BadInput("precision", wanted, remedy)
        return FP32
    able = multiplies_bfloat16(device)
    if wanted == BF16 and not able:
        raise BadInput("precision", wanted, f"this {device} does not multiply bfloat16; use fp32")
    return BF16 if able and wanted != FP32 else FP32
