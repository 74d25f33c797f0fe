"""The same work for many files, on all cores; the answers come in the order of the files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

ENOUGH_S = 2.0  # of work that pays for starting processes
CHUNKS = 16  # per process, so that none waits long for the last


def over_files(
    work: Callable[[Item], Answer],
    items: Sequence[Item],
    item_s: float,
    processes: int | None = None,
) -> list[Answer]:
    """work of every item; in processes of their own when it takes long enough.

    work: can be pickled; item_s: how long one item takes, about [s]; processes: one per core
    """
    count = min(processes or len(os.sched_getaffinity(0)), len(items))
    if count < 2 or len(items) * item_s < ENOUGH_S:
        return [work(item) for item in items]
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        return list(pool.map(work, items, chunksize=-(-len(items) // (count * CHUNKS))))
