"""Two maps of relevance side by side: same order of places, same top?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.safety.faithfulness import rank_correlation

TOP = 0.1  # share of the places that counts as the most relevant
MOST_CELLS = 128  # a side, to which finer maps are brought

Map = NDArray[np.float32]  # (h, w)


@dataclass(frozen=True)
class MapPair:
    """nan where a map has nan."""

    one: str
    other: str
    rank_correlation: float
    top_overlap: float  # intersection over union


def compared(one: Mapping[str, Map], other: Mapping[str, Map]) -> list[MapPair]:
    """Maps of the same name where there are such, else every map with every other."""
    shared = [(name, name) for name in one if name in other]
    pairs = shared or [(a, b) for a in one for b in other]
    return [pair(a, one[a], b, other[b]) for a, b in pairs]


def pair(name: str, one: Map, other_name: str, other: Map) -> MapPair:
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return MapPair(name, other_name, math.nan, math.nan)
    height = min(one.shape[0], other.shape[0], MOST_CELLS)
    width = min(one.shape[1], other.shape[1], MOST_CELLS)
    a, b = (at_size(part, (width, height)) for part in (one, other))
    alike = float(rank_correlation(torch.from_numpy(a)[None], torch.from_numpy(b)[None]))
    return MapPair(name, other_name, alike, top_overlap(a, b))


def at_size(values: Map, size: tuple[int, int]) -> Map:
    """size: width, height, no larger than the map's own"""
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def top_overlap(one: Map, other: Map) -> float:
    """Of the most relevant tenth of both; equals count in reading order."""
    a, b = (set(top(part).tolist()) for part in (one, other))
    return len(a & b) / len(a | b)


def top(values: Map) -> NDArray[np.intp]:
    count = max(1, round(TOP * values.size))
    return np.argsort(-values.ravel(), kind="stable")[:count]
