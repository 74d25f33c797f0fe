"""Figures with their 95 % intervals, as they are measured, kept in a file and put on the page.

Percentile bootstrap (Efron 1979) over units that are as independent as the data allow: images,
sequences, clips, streets.  Every unit brings sums (of hits, errors, pixels), and a figure is made
from the sums over all units; so whole units are drawn anew, and a ratio is that of the sums drawn.
U units.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from road_clarity.evaluation.tally import DRAWS, LEVEL, SEED
from road_clarity.evaluation.text_files import read_text
from road_clarity.models.errors import BadInput

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]  # of the sums over units, (...)


@dataclass(frozen=True)
class Figure:
    """One number; low and high end of its interval are None for fewer than two units."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Part:
    """What was measured of one network in one go."""

    weights: dict[str, str]  # name -> sha256
    unit: str  # that was drawn anew, such as image
    units: int
    seconds: float  # that it took
    figures: dict[str, Figure] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)  # best, typical, worst: what they show


def figure(sums: ArrayLike, statistic: Statistic) -> Figure:
    """sums: (U, ...) of every unit"""
    rows = np.asarray(sums, dtype=np.float64)
    ends = interval(rows, statistic)
    return Figure(statistic(rows.sum(0)), *(ends or (None, None)))


def interval(rows: Floats, statistic: Statistic) -> tuple[float, float] | None:
    """Low and high end at LEVEL.  (U, ...); None for fewer than two units"""
    count = len(rows)
    if count < 2:
        return None
    flat = rows.reshape(count, -1)
    drawn = np.random.default_rng(SEED).integers(count, size=(DRAWS, count))
    times = np.stack([np.bincount(one, minlength=count) for one in drawn])  # (DRAWS, U)
    totals = (times @ flat).reshape(DRAWS, *rows.shape[1:])
    found = [statistic(one) for one in totals]
    low, high = np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def share(over: int, under: int) -> Statistic:
    """One column of the sums divided by another; nan where there is nothing to divide by."""
    return lambda sums: float(sums[over] / sums[under]) if sums[under] else float("nan")


def written(parts: dict[str, Part]) -> str:
    """The figures file."""
    return json.dumps({name: asdict(part) for name, part in parts.items()}, indent=2) + "\n"


def read(path: Path) -> dict[str, Part]:
    """Raises BadInput."""
    text = read_text(path)
    try:
        content = json.loads(text)
        return {
            name: Part(
                **{**one, "figures": {key: Figure(**f) for key, f in one["figures"].items()}}
            )
            for name, one in content.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput("figures", path, f"is no figures file ({error})") from None
