"""Objects painted into a frame whose trouble is known: unlike everything seen, or too small.

What a reconstruction lacks there has a known place and a known cause.
S side of the image [px]; images are (1, 3, S, S) in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor

from road_clarity.safety.scene import Box

TINY_PX = (1.0, 2.0)  # sides of a tiny object, of 64 px
CONTRAST = 0.6  # of a tiny object against the frame around it
ALIEN_PX = (9, 20)  # sides of an alien one, of 64 px
PERIODS_PX = (2, 3, 4)


def alien(x: Tensor, seed: int) -> tuple[Tensor, Box]:
    """The frame with a patch of loud stripes or checks somewhere, and its box [px]."""
    chance = torch.Generator().manual_seed(seed)
    side = x.shape[-1]
    low, high = (size * side // 64 for size in ALIEN_PX)
    width, height = (whole(low, high, chance) for _ in range(2))
    left, top = whole(0, side - width, chance), whole(0, side - height, chance)
    period, kind = PERIODS_PX[whole(0, 2, chance)], whole(0, 2, chance)
    columns, rows = (torch.arange(size) // period for size in (width, height))
    phase = (columns + rows[:, None], columns.expand(height, -1), rows[:, None] + 0 * columns)[kind]
    colours = torch.rand(3, generator=chance).round()
    pattern = torch.where(phase % 2 == 0, colours[:, None, None], 1 - colours[:, None, None])
    planted = x.clone()
    planted[0, :, top : top + height, left : left + width] = pattern
    return planted, (float(left), float(top), float(left + width), float(top + height))


def tiny(x: Tensor, seed: int) -> tuple[Tensor, Box]:
    """The frame with a speck, darker or brighter than its surroundings, and its box [px]."""
    chance = torch.Generator().manual_seed(seed)
    side = x.shape[-1]
    largest = max(1, round(TINY_PX[1] * side / 64))
    width, height = (whole(1, largest, chance) for _ in range(2))
    left, top = whole(4, side - 8, chance), whole(4, side - 8, chance)
    area = (0, slice(None), slice(top, top + height), slice(left, left + width))
    around = x[0, :, top - 3 : top + height + 3, left - 3 : left + width + 3].mean((1, 2))
    planted = x.clone()
    planted[area] = (around + (CONTRAST if around.mean() < 0.5 else -CONTRAST))[:, None, None]
    return planted.clamp(0, 1), (float(left), float(top), float(left + width), float(top + height))


def whole(low: int, high: int, chance: torch.Generator) -> int:
    """A whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=chance))
