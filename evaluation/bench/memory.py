"""What a network costs in memory, measured where nothing else is: in a process of its own.

The figure is how far the peak of the resident memory grows while the network is loaded and answers
twice; libraries are loaded and warm before.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from road_clarity.evaluation.bench.subjects import RANDOM, Subject, subjects
from road_clarity.evaluation.bench.ways import EXPORTED, Way, call
from road_clarity.pipeline.backends.entries import SingleAnswer, first

UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss [bytes]
HERE = "road_clarity.evaluation.bench.memory"


def peak_growth_mib(asked: Subject, way: Way, folder: Path) -> float:
    """How far the peak of a fresh process grows [MiB].  folder: of exports, the warm-up's too"""
    # A server that has imported torch forks the processes: they need not import it again.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([HERE])
    question = replace(asked, network=nn.Identity())  # weights are read over there
    with ProcessPoolExecutor(1, context) as fresh:
        return fresh.submit(growth_mib, question, way, folder, torch.get_num_threads()).result()


@torch.inference_mode()
def growth_mib(question: Subject, way: Way, folder: Path, threads: int) -> float:
    """To be run in a fresh process.  question: a subject without its network"""
    torch.set_num_threads(threads)
    answer_twice(warm_up(), way, folder)
    before = peak_mib()
    answer_twice(with_network(question, way), way, folder)
    return peak_mib() - before


def with_network(question: Subject, way: Way) -> Subject:
    """Exports bring their own weights."""
    if way.backend in EXPORTED:
        return question
    found = (one.network for one in subjects(question.model) if one.entry == question.entry)
    return replace(question, network=next(found))


def warm_up() -> Subject:
    """The least that makes a backend load its kernels."""
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 8)).eval()
    entry = SingleAnswer("forward", ("image",), ("answer",), first)
    return Subject("warm-up", RANDOM, layers, entry, (torch.randn(1, 3, 8, 8),))


def answer_twice(asked: Subject, way: Way, folder: Path) -> None:
    answer = call(asked, way, folder)
    answer(), answer()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 2**20
