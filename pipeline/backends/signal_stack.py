"""Keeps the stack that signal handlers run on out of a library's hands.

OpenVINO 2026.4's CPU plugin gives the thread that compiles a graph an alternate signal stack of the
least size that the kernel allows, and unmaps it later.  Python's handlers run on that stack:
Ctrl-C, SIGTERM or the end of a child process would then be a segmentation fault.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class SignalStack(ctypes.Structure):
    """stack_t of sigaltstack(2)"""

    _fields_ = (("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Whatever happens inside, this thread's signal stack is afterwards what it was before."""
    if sys.platform != "linux":
        yield
        return
    libc, before = ctypes.CDLL(None), SignalStack()
    libc.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        libc.sigaltstack(ctypes.byref(before), None)
