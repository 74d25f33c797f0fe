"""Is one map better than chance?  Deletion and insertion of it, beside maps that know nothing.

Two kinds of chance: pixels in a random order (Petsiuk et al. 2018, arXiv:1806.07421, section 4.1),
and the map itself moved elsewhere.  The second is the harder: it is as smooth as the map, while
single pixels here and there disturb a network whatever they hide.
H, W: size of the pictures that the network is asked about.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from road_clarity.safety.faithfulness import Score, area, deletion, insertion, rank_correlation

BETTER, NOT_BETTER, UNTOLD = "better than chance", "not better than chance", "cannot be told"
LIKE_UNTAUGHT = 0.7  # rank correlation from which a map is as good as that of shuffled weights
SEED = 0


@dataclass(frozen=True)
class Effort:
    """How much is measured: steps of the curves, and maps by chance of each kind."""

    steps: int
    chances: int


@dataclass(frozen=True, kw_only=True)
class Faithfulness:
    """deletion: low is good; insertion: high is good; nan where it cannot be told."""

    verdict: str
    text: str
    deletion: float = math.nan
    insertion: float = math.nan
    deletion_random: float = math.nan  # mean over random orders
    insertion_random: float = math.nan
    deletion_moved: float = math.nan  # mean over the map moved elsewhere
    insertion_moved: float = math.nan
    chances: int = 0
    randomisation: float = math.nan
    stability: float = math.nan


class OutOfTime(Exception):
    """There was no time to measure all that a verdict takes."""


def faithfulness(
    score: Score, x: Tensor, relevance: Tensor, blank: Tensor, effort: Effort,
    left_s: Callable[[], float], without_learning: Tensor | None = None,
    with_noise: Tensor | None = None,
) -> Faithfulness:  # fmt: skip
    """score: what the map explains, 1 for x and 0 for blank      x, blank: (3, H, W)

    relevance: (H, W)      without_learning: the map of a network with shuffled weights (H, W)
    with_noise: the map of x under noise (H, W)      left_s: time that is left [s]
    Raises OutOfTime.
    """
    ends = score(torch.stack([x, blank]))
    if not bool(relevance.isfinite().all()) or not bool(ends.isfinite().all()):
        return untold("the blank frame has the same effect, or there is nan")
    if not float(relevance.max()) > float(relevance.min()):
        return untold("the map is flat")
    chance = torch.Generator().manual_seed(SEED)
    found = curves(score, x, relevance, blank, effort.steps)
    drawn = {
        "random": (torch.rand(relevance.shape, generator=chance) for _ in range(effort.chances)),
        "moved": (moved(relevance, chance) for _ in range(effort.chances)),
    }
    beside = {
        kind: chance_curves(score, x, maps, blank, effort.steps, left_s)
        for kind, maps in drawn.items()
    }
    everything = [found, *beside["random"], *beside["moved"]]
    if not all(math.isfinite(value) for pair in everything for value in pair):
        return untold("the network gives nan on the way")
    wins = all(found[0] < one[0] and found[1] > one[1] for one in everything[1:])
    alike = correlation(relevance, without_learning)
    return Faithfulness(
        verdict=BETTER if wins else NOT_BETTER,
        text=sentence(wins, effort.chances, alike),
        deletion=found[0],
        insertion=found[1],
        deletion_random=mean([one[0] for one in beside["random"]]),
        insertion_random=mean([one[1] for one in beside["random"]]),
        deletion_moved=mean([one[0] for one in beside["moved"]]),
        insertion_moved=mean([one[1] for one in beside["moved"]]),
        chances=effort.chances,
        randomisation=alike,
        stability=correlation(relevance, with_noise),
    )


def curves(
    score: Score, x: Tensor, relevance: Tensor, blank: Tensor, steps: int
) -> tuple[float, float]:
    """Areas under deletion and insertion."""
    return (
        area(deletion(score, x, relevance, blank, steps)),
        area(insertion(score, x, relevance, blank, steps)),
    )


def chance_curves(
    score: Score, x: Tensor, maps: Iterator[Tensor], blank: Tensor, steps: int,
    left_s: Callable[[], float],
) -> list[tuple[float, float]]:  # fmt: skip
    """Raises OutOfTime."""
    found = []
    for one in maps:
        if left_s() <= 0.0:
            raise OutOfTime
        found.append(curves(score, x, one, blank, steps))
    return found


def moved(relevance: Tensor, chance: torch.Generator) -> Tensor:
    """At least a quarter of the picture away in both directions, around its edges: (H, W)"""
    shifts = [
        side // 4 + int(torch.randint(side - 2 * (side // 4) + 1, (), generator=chance))
        for side in relevance.shape
    ]
    return relevance.roll(shifts, (0, 1))


def correlation(one: Tensor, other: Tensor | None) -> float:
    """Spearman's; nan where there is no other map, or nan in it."""
    if other is None or not bool(other.isfinite().all()):
        return math.nan
    return float(rank_correlation(one[None], other[None]))


def sentence(wins: bool, chances: int, alike: float) -> str:
    if not wins:
        return "not better than chance: grey it out"
    text = f"better than {chances} random orders and {chances} moved maps"
    if alike >= LIKE_UNTAUGHT:
        text += "; but shuffled weights give much the same map, so it shows the picture"
    return text


def untold(why: str) -> Faithfulness:
    return Faithfulness(verdict=UNTOLD, text=f"cannot be told: {why}; grey it out")


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def share_of_error(x: float, blank: float, errors: Tensor) -> Tensor:
    """How much of what is redrawn worse than the blank is left: (N,); nan when that is nothing."""
    return (errors - blank) / (x - blank) if x > blank else torch.full_like(errors, math.nan)


def share_of_answer(full: Tensor, blank: Tensor, answers: Tensor) -> Tensor:
    """How much of an answer is left: 1 at `full`, 0 as far off as `blank` is.  (D,), (N, D)"""
    farthest = (blank - full).norm()
    kept: Tensor = 1 - (answers - full).norm(dim=1) / farthest
    return kept
