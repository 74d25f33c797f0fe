"""Published courses of the learning rate, as shares of the full rate at a step (counted from 0)."""

from __future__ import annotations

import math


def warm_up(step: int, length: int) -> float:
    """Linear, full at the last of `length` steps."""
    return min(1.0, (step + 1) / length)


def poly(step: int, steps: int, power: float = 0.9) -> float:
    """Polynomial decay to 0 after the last step (Pan et al. 2018; DeepLab before)."""
    return math.pow(1 - step / steps, power)


def cosine(step: int, steps: int, last: float = 0.0) -> float:
    """Half a cosine down to `last` after the last step (Loshchilov & Hutter 2017)."""
    return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
