"""Whether a process keeps growing: like is compared with like, within one life and at one age."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import median

from road_clarity.nodes.soak.fleet import Memory

WARM_S = 180.0  # after which a process should no longer grow: every buffer was full once
WINDOW_S = 20.0  # over which memory is averaged
JUDGED_S = 60.0  # between the two windows, at least
LIMIT = 0.02


@dataclass(frozen=True)
class Growth:
    """Of one life of a process."""

    name: str
    pid: int
    lived_s: float
    warm_mb: float | None  # once it was warm; None when it did not live that long
    last_mb: float
    share: float | None  # last over warm, less 1; None when it did not live long enough

    @property
    def grew(self) -> bool:
        return self.share is not None and self.share >= LIMIT

    def as_dict(self) -> dict[str, object]:
        found = asdict(self)
        return {key: round(v, 4) if isinstance(v, float) else v for key, v in found.items()}


def growth(samples: Iterable[Memory]) -> list[Growth]:
    """Of every life, in the order in which they began."""
    lives: dict[int, list[Memory]] = {}
    for pid, life in groupby(sorted(samples, key=lambda s: (s.pid, s.at_s)), key=lambda s: s.pid):
        lives[pid] = list(life)
    return [grown(life) for life in sorted(lives.values(), key=lambda life: life[0].at_s)]


def grown(life: Sequence[Memory]) -> Growth:
    born_s, died_s = life[0].at_s, life[-1].at_s
    last_mb = median(s.own_mb for s in life if s.at_s >= died_s - WINDOW_S)
    warm = [s.own_mb for s in life if WARM_S <= s.at_s - born_s < WARM_S + WINDOW_S]
    long = died_s - born_s >= WARM_S + 2 * WINDOW_S + JUDGED_S
    warm_mb = median(warm) if warm else None
    share = last_mb / warm_mb - 1 if warm_mb and long else None
    return Growth(life[0].name, life[0].pid, died_s - born_s, warm_mb, last_mb, share)
