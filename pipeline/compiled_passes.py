"""SCNN's message passing compiled for this very machine, from models/message_passing.cpp.

The library is compiled in seconds when it is first asked for and kept in the user's cache, under a
name that stands for the source, the flags and the processor: whatever changes, it is made anew.
Nothing falls back to torch: without a compiler, asking for it is a BadInput.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import Tensor

from road_clarity.models.errors import BadInput
from road_clarity.models.message_passing import SlicePass
from road_clarity.pipeline.backends.network import Running

COMPILED = "compiled"
SOURCE = Path(__file__).resolve().parents[1] / "models" / "message_passing.cpp"
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fopenmp", "-shared", "-fPIC")
REMEDY = "install a C++ compiler with OpenMP (apt-get install g++), or use torch"
FLOATS = (torch.float32, torch.bfloat16, torch.float16)

log = logging.getLogger(__name__)


class CompiledPasses:
    """Computes in float32 with as many threads as torch has; the answer has the map's precision."""

    name = COMPILED

    def __init__(self) -> None:
        """Compiles, unless that has been done.  Raises BadInput when it cannot be."""
        self.library = library()

    def takes(self, x: Tensor) -> bool:
        return x.device.type == "cpu" and x.dtype in FLOATS

    def __call__(self, x: Tensor, passes: tuple[SlicePass, ...]) -> Tensor:
        # float32, channels of a place together, and nobody else's: it is updated in place
        y = x.to(torch.float32, memory_format=torch.channels_last, copy=True)
        batch, channels, rows, columns = y.shape
        told = [one.told_in(torch.float32) for one in passes]
        weights = [weight.flatten(2) for weight, _ in told]  # (C, C, 9)
        strides = [stride for weight in weights for stride in weight.stride()]
        opened(self.library).pass_messages(
            ctypes.c_void_p(y.data_ptr()),
            *(ctypes.c_int64(size) for size in (batch, rows, columns, channels)),
            addresses(weights),
            (ctypes.c_int64 * len(strides))(*strides),
            addresses([bias for _, bias in told]),
            (ctypes.c_int * len(passes))(*(one.spares_last for one in passes)),
            ctypes.c_int(torch.get_num_threads()),
        )
        return y.to(x.dtype)


def use_compiled_passes(lanes: Running) -> None:
    """Let them compute the network's message passing.  Raises BadInput when they cannot."""
    backend, provider = lanes.runtime.backend, lanes.runtime.provider
    if backend != "torch":
        raise BadInput("message_passing", COMPILED, f"{backend} compiles it itself; use torch")
    if not provider.startswith("cpu"):
        raise BadInput("message_passing", COMPILED, f"is for the CPU, not {provider}; use torch")
    passing = lanes.network.message_passing
    passing.kernels = (CompiledPasses(), *passing.kernels)


def addresses(tensors: list[Tensor | None] | list[Tensor]) -> Any:
    """A C array of pointers to them."""
    return (ctypes.c_void_p * len(tensors))(*(None if t is None else t.data_ptr() for t in tensors))


@cache
def opened(library: Path) -> ctypes.CDLL:
    """torch has loaded OpenMP before, so both share its threads."""
    return ctypes.CDLL(str(library))


def library() -> Path:
    """The compiled library.  Raises BadInput when there is none and it cannot be made."""
    path = cache_folder() / library_name()
    if not path.is_file():
        started = monotonic()
        compile_to(path)
        log.info("compiled %s in %.1f s", path, monotonic() - started)
    return path


def library_name() -> str:
    parts = (SOURCE.read_text(), *FLAGS, processor())
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"message_passing-{key[:16]}.so"


def compile_to(path: Path) -> None:
    """Whoever looks finds the whole library or none.  Raises BadInput."""
    name = os.environ.get("CXX", "c++")
    compiler = shutil.which(name)
    if compiler is None:
        raise BadInput("message_passing", COMPILED, f"there is no {name} here; {REMEDY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"cannot be made ({error.strerror}); set ROAD_CLARITY_CACHE to another one"
        raise BadInput("cache folder", path.parent, remedy) from error
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    command = [compiler, *FLAGS, str(SOURCE), "-o", str(partial)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        why = made.stderr.strip().splitlines()[:1]
        raise BadInput("message_passing", COMPILED, f"{compiler} failed: {why}; {REMEDY}")
    partial.replace(path)


def cache_folder() -> Path:
    """ROAD_CLARITY_CACHE, or the user's own."""
    chosen = os.environ.get("ROAD_CLARITY_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache/road_clarity"


def processor() -> str:
    """What -march=native depends on."""
    described = Path("/proc/cpuinfo")
    if not described.is_file():
        return f"{platform.machine()} {platform.processor()}"
    told = described.read_text().split("\n\n")[0].splitlines()  # of the first core
    kept = [line for line in told if line.startswith(("model", "cpu family", "flags", "Features"))]
    return "\n".join([platform.machine(), *kept])
