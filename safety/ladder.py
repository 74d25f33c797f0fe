"""The degradation ladder: how much of the work is done under the present load.

The process of the networks steps down when images are late (`LoadLadder`), the watch when what it
is told grows old (`AgeLadder`).  Both fall at once and climb slowly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from road_clarity.safety.settings import Checked, setting

LONGEST_PATIENCE = 12.0  # times climb_s: how slowly a rung that did not last is tried again


class Rung(IntEnum):
    """Worst first."""

    UNKNOWN = 0  # parts are missing or too old; so is the level
    LAST_GOOD = 1  # parts are older than usual: the last good ones, until they are too old
    REDUCED_RATE = 2  # networks take turns
    NO_EXPLANATION = 3  # no explanations, no pictures for people
    FULL = 4


CHOSEN = {one.name.lower(): one for one in (Rung.FULL, Rung.NO_EXPLANATION, Rung.REDUCED_RATE)}


@dataclass(frozen=True, kw_only=True)
class LadderConfig(Checked):
    """When the networks do less, and when they try to do more again."""

    rung: str = setting(
        "auto", "auto: by load; or one that stays, for measurements", among=("auto", *CHOSEN)
    )
    deadline_s: float = setting(
        0.2, "age of an image when all networks have answered; older is late [s]", low=0.01
    )
    late: int = setting(5, "late images among the last ten from which less is done", low=1, high=10)
    climb_s: float = setting(
        5.0, "how long all must be in time, with a quarter to spare, to do more [s]", low=0.1
    )


WINDOW = 10  # images that are looked back at
SPARE = 0.75  # of the deadline


class LoadLadder:
    """FULL, NO_EXPLANATION or REDUCED_RATE, by how old images are when all have answered."""

    def __init__(self, config: LadderConfig) -> None:
        self._config = config
        self.rung = CHOSEN.get(config.rung, Rung.FULL)
        self._late: deque[bool] = deque(maxlen=WINDOW)
        self._eased_s: float | None = None  # since when there is time to spare
        self._climbed_s: float | None = None
        self._patience = 1.0  # times climb_s

    def see(self, now_s: float, age_s: float) -> Rung:
        """age_s: of the image when the last network answered; inf or nan when one did not [s]"""
        if self._config.rung != "auto":
            return self.rung
        self._late.append(not age_s <= self._config.deadline_s)
        if not age_s <= SPARE * self._config.deadline_s:
            self._eased_s = None
        elif self._eased_s is None:
            self._eased_s = now_s
        if sum(self._late) >= self._config.late:
            self._fall(now_s)
        elif self._eased_s is not None and now_s - self._eased_s >= self._wait_s:
            self._climb(now_s)
        return self.rung

    @property
    def _wait_s(self) -> float:
        return self._patience * self._config.climb_s

    def _fall(self, now_s: float) -> None:
        if self._climbed_s is not None:  # the rung did not last: try it again later
            lasted = now_s - self._climbed_s >= self._wait_s
            self._patience = 1.0 if lasted else min(2 * self._patience, LONGEST_PATIENCE)
        self._move(max(self.rung - 1, Rung.REDUCED_RATE))
        self._climbed_s = None

    def _climb(self, now_s: float) -> None:
        if self.rung < Rung.FULL:
            self._move(self.rung + 1)
            self._climbed_s = now_s

    def _move(self, rung: int) -> None:
        self.rung = Rung(rung)
        self._late.clear()
        self._eased_s = None


class AgeLadder:
    """Adds LAST_GOOD and UNKNOWN, by the age of what the watch was told."""

    def __init__(self, fresh_s: float, hold_s: float) -> None:
        """
        fresh_s: age up to which a part is not "the last good one" [s]
        hold_s: how long better must last [s]
        """
        self._fresh_s, self._hold_s = fresh_s, hold_s
        self._rung = Rung.UNKNOWN
        self._better_ns: int | None = None  # since when it is better than said

    def step(self, now_ns: int, known: bool, oldest_s: float, load: Rung) -> Rung:
        """
        known: whether the level is
        oldest_s: age of the oldest part [s]; nan when one is missing
        load: what the networks' process says
        """
        here = load if oldest_s <= self._fresh_s else min(load, Rung.LAST_GOOD)
        here = here if known else Rung.UNKNOWN
        if here <= self._rung:
            self._rung, self._better_ns = here, None
        elif self._rung == Rung.UNKNOWN:  # the level has held it long enough
            self._rung = here
        elif self._better_ns is None or now_ns < self._better_ns:
            self._better_ns = now_ns
        elif now_ns - self._better_ns >= self._hold_s * 1e9:
            self._rung, self._better_ns = here, None
        return self._rung
