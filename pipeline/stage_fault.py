"""How a stage failed, as a fault of the event table; memory that ran out is freed on the way."""

from __future__ import annotations

import torch

from road_clarity.safety.scene import Fault

# What PyTorch's allocator on the CPU says; it has no exception of its own.
CPU_MEMORY = "can't allocate memory"


def stage_fault(part: str, error: Exception) -> Fault:
    """The fault of a stage that raised.  After it, the next image may be tried."""
    if not ran_out_of_memory(error):
        return Fault(f"{part}.failed", f"{part} failed: {error}")
    error.__traceback__ = None  # its frames hold on to the tensors there was no room for
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    first_line = str(error).partition("\n")[0].partition(". ")[0]
    return Fault(f"{part}.memory", f"no memory for {part}: {first_line}")


def ran_out_of_memory(error: Exception) -> bool:
    """Of the accelerator or of the machine."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and CPU_MEMORY in str(error)
