"""What a network costs in memory, measured where nothing else is: in a process of its own.

The figure is how far the peak of the resident memory grows while the network is loaded and answers
twice; libraries are loaded and warm before.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor

import torch
from torch import nn

from road_clarity.evaluation.bench.subjects import RANDOM, Subject, subject
from road_clarity.evaluation.bench.ways import Way, call

UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss [bytes]
HERE = "road_clarity.evaluation.bench.memory"


def peak_growth_mib(name: str, way: Way) -> float:
    """How far the peak of a fresh process grows with the network of that name [MiB]."""
    # A server that has imported torch forks the processes: they need not import it again.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([HERE])
    with ProcessPoolExecutor(1, context) as fresh:
        return fresh.submit(growth_mib, name, way).result()


@torch.inference_mode()
def growth_mib(name: str, way: Way) -> float:
    """To be run in a fresh process."""
    answer(warm_up_network(), way)
    before = peak_mib()
    answer(subject(name), way)
    return peak_mib() - before


def warm_up_network() -> Subject:
    """The least that makes a backend load its kernels."""
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 8)).eval()
    return Subject("warm-up", RANDOM, layers, (torch.randn(1, 3, 8, 8),))


def answer(asked: Subject, way: Way) -> None:
    ready = call(asked, way)
    ready(), ready()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 2**20
