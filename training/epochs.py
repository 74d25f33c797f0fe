"""Passes through a data set in random order, as an endless numbered row of samples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def shuffled(number: int, count: int, seed: int) -> int:
    """Which of `count` samples is number 0, 1, ...; each comes once before any comes again."""
    epoch, place = divmod(number, count)
    return int(_order(epoch, count, seed)[place])


@lru_cache(maxsize=2)  # a batch may reach into the next epoch
def _order(epoch: int, count: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(count)
