"""How the cores are shared: networks side by side, each on its own few threads.

Small convolutions gain little from a second core, but a second network has all of it.  The number
of threads also decides in which order sums are taken, so that it is part of what a result is.
"""

from __future__ import annotations

import os
import sys

import cv2
import torch

NETWORKS = 4  # lanes, segmentation, tracks, world
# How long a thread that comes back from a kernel waits for the interpreter at most.  Python's own
# 5 ms, a few times a network, were a tenth of a frame.
SWITCH_S = 0.5e-3


def use_threads(count: int) -> None:
    """Of torch and OpenCV, for each network from now on, in the whole process."""
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    sys.setswitchinterval(SWITCH_S)


def share() -> int:
    """Threads for each network where all cores of the machine are theirs."""
    return max(1, len(os.sched_getaffinity(0)) // NETWORKS)
