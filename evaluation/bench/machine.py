"""The machine that figures come from, and its roof: what its fastest plain kernels reach.

A roof is measured, not read from a data sheet: the best of a matrix product and a convolution,
since neither library is the faster one on every CPU.  MAC: one multiplication and addition.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch.nn import functional as F

from road_clarity.evaluation.bench.rounds import milliseconds

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
RUNTIMES = ("torch", "onnxruntime", "openvino")
FLAGS = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16")  # that decide the speed

SIDE = 2048  # of the square matrices
CONVOLVED = (1, 256, 72, 200)  # batch, channels, rows, columns
COPIED = 64 * 2**20  # floats: 256 MiB, more than any cache


@dataclass(frozen=True)
class Machine:
    """Two runs may be compared when all of this is the same."""

    cpu: str
    cores: int
    threads: int  # that torch computes with
    flags: list[str]
    system: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Roof:
    """The most that was reached."""

    gmacs_per_s: dict[str, float]  # by precision
    copy_gb_per_s: float  # bytes read and written

    def or_higher(self, other: Roof) -> Roof:
        """The best of both, so that a busy moment does not lower it."""
        rates = {
            name: max(rate, other.gmacs_per_s[name]) for name, rate in self.gmacs_per_s.items()
        }
        return Roof(rates, max(self.copy_gb_per_s, other.copy_gb_per_s))

    def share(self, gmacs_per_s: float, precision: str) -> float:
        return gmacs_per_s / self.gmacs_per_s[precision]


def this_machine() -> Machine:
    able = torch.cpu.get_capabilities()
    return Machine(
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        flags=[flag for flag in FLAGS if able.get(flag)],
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        versions=runtime_versions(),
    )


def cpu_name() -> str:
    """Name, family and model; virtual machines often hide the rest of the name."""
    described = Path("/proc/cpuinfo")
    if not described.is_file():
        return platform.processor() or platform.machine()
    lines = described.read_text().split("\n\n")[0].splitlines()
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = told.get("model name", platform.machine())
    return f"{name} (family {told.get('cpu family', '?')} model {told.get('model', '?')})"


def runtime_versions() -> dict[str, str]:
    found = {}
    for name in RUNTIMES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def load_average() -> float:
    """Processes that wanted to run, over the last minute."""
    return round(os.getloadavg()[0], 2)


@torch.inference_mode()
def measure_roof(times: int = 12) -> Roof:
    """times: how often each kernel runs; the best run counts."""
    rates = {name: fastest_rate(kind, times) for name, kind in PRECISIONS.items()}
    source = torch.ones(COPIED)
    target = torch.empty_like(source)
    copying_ms = best_ms(lambda: target.copy_(source), times)
    return Roof(rates, round(2 * source.nbytes / copying_ms / 1e6, 1))


def fastest_rate(kind: torch.dtype, times: int) -> float:
    """GMAC/s of the matrix product or of the convolution, whichever is faster."""
    a, b = torch.randn(SIDE, SIDE, dtype=kind), torch.randn(SIDE, SIDE, dtype=kind)
    x, weight = torch.randn(CONVOLVED, dtype=kind), torch.randn(256, 256, 3, 3, dtype=kind)
    x, weight = (y.contiguous(memory_format=torch.channels_last) for y in (x, weight))
    product = SIDE**3 / best_ms(lambda: a @ b, times)
    convolution = 9 * 256 * x.numel() / best_ms(lambda: F.conv2d(x, weight, padding=1), times)
    return round(max(product, convolution) / 1e6, 1)


def best_ms(work: Callable[[], object], times: int) -> float:
    return min(milliseconds(work) for _ in range(times))
