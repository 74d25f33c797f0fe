"""The machine: Python, processor, memory, GPU, and room for logs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from road_clarity.nodes.findings import Finding, fail, ok, warn

PYTHONS = ((3, 10), (3, 13))
FEWEST_CORES = 2  # what the edge preset is designed for
LEAST_MEMORY_GB = 1.5  # both processes together
LOG_ROOM_GB = 1.0
GB = 1e9


def check(device: str) -> list[Finding]:
    return [
        check_python(sys.version_info[:3]),
        check_processor(os.cpu_count() or 1, processor_flags(), platform.machine()),
        check_memory(available_memory()),
        check_device(device),
        check_logs(log_folder()),
    ]


def check_python(version: tuple[int, int, int]) -> Finding:
    text = ".".join(map(str, version))
    if PYTHONS[0] <= version[:2] <= PYTHONS[1]:
        return ok("python", text)
    fix = "make setup PYTHON=python3.12"
    return fail("python", f"{text} is not supported, 3.10 to 3.13 are", fix)


def processor_flags() -> set[str]:
    """What the processor can do, as Linux names it; empty where that is not told."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    named = (line for line in lines if line.startswith(("flags", "Features")))
    return set(next(named, ":").partition(":")[2].split())


def check_processor(cores: int, flags: Iterable[str], machine: str) -> Finding:
    """torch runs without AVX2, but several times slower."""
    text = f"{cores} cores, {machine}"
    if cores < FEWEST_CORES:
        fix = f"give it {FEWEST_CORES} cores, or --preset tiny"
        return warn("processor", f"{text}: the edge preset needs {FEWEST_CORES}", fix)
    if machine == "x86_64" and flags and "avx2" not in flags:
        fix = "let the virtual machine pass the host's processor through (-cpu host)"
        return warn("processor", f"{text}, without AVX2: networks are slow", fix)
    fast = sorted({"avx2", "avx512_bf16", "amx_bf16", "asimd"} & set(flags))
    return ok("processor", f"{text}, {' '.join(fast) or 'no vector instructions told'}")


def available_memory() -> float:
    """[B]; infinite where it is not told"""
    told = Path("/proc/meminfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    found = (line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    return float(next(found, "inf")) * 1024


def check_memory(available: float) -> Finding:
    """available: [B]"""
    text = f"{available / GB:.1f} GB available"
    if available >= LEAST_MEMORY_GB * GB:
        return ok("memory", text)
    fix = "end other programs, or --preset tiny"
    return warn("memory", f"{text}, the edge preset takes up to {LEAST_MEMORY_GB} GB", fix)


def check_device(device: str) -> Finding:
    """device: auto, cpu or cuda.  A GPU that is there but cannot be used is worth a word."""
    import torch

    usable, there = torch.cuda.is_available(), Path("/dev/nvidiactl").exists()
    if device.startswith("cuda") and not usable:
        fix = "device:=cpu, or install the NVIDIA driver; in a container: docker run --gpus all"
        return fail("device", f"{device} is not usable (torch {torch.__version__})", fix)
    if usable and device != "cpu":
        return ok("device", str(torch.cuda.get_device_name()))
    if there and device != "cpu":
        fix = "install a torch with CUDA for this driver; nvidia-smi tells the newest it can do"
        return warn("device", f"there is a GPU that torch {torch.__version__} cannot use", fix)
    return ok("device", "networks run on the processor")


def log_folder() -> Path | None:
    """Where rcl writes its logs; None when it cannot know (it then refuses to start)."""
    given, home = os.environ.get("ROS_LOG_DIR"), os.environ.get("ROS_HOME")
    if given or home:
        return Path(given or Path(home or "") / "log").expanduser()
    user = os.environ.get("HOME")
    return Path(user) / ".ros" / "log" if user else None


def check_logs(folder: Path | None) -> Finding:
    if folder is None:
        fix = "export ROS_LOG_DIR=/tmp/ros"
        return fail("logs", "HOME and ROS_LOG_DIR are not set, so no node can start", fix)
    parent = nearest(folder)
    if not os.access(parent, os.W_OK):
        fix = "export ROS_LOG_DIR=/tmp/ros, or another folder that you may write"
        return fail("logs", f"{folder} cannot be written", fix)
    free = shutil.disk_usage(parent).free / GB
    if free < LOG_ROOM_GB:
        return warn("logs", f"{free:.1f} GB free for {folder}", f"rm -r {folder}/*")
    return ok("logs", f"{folder}, {free:.0f} GB free")


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())
