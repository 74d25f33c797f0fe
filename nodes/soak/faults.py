"""Which faults a soak has, what the risk must say of each, and which come when, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from road_clarity.models.errors import BadInput


@dataclass(frozen=True)
class Kind:
    """A fault.  Codes: one of them must be told within `within_s`; none: nothing must change.

    '{part}' stands for the part of the network that it strikes.
    """

    name: str
    codes: tuple[str, ...] = ()
    within_s: float = 1.5  # from its beginning
    back_s: float = 4.0  # from its end until images are judged without these codes
    lasts_s: tuple[float, float] = (1.5, 4.0)
    restarts: str = ""  # the process that it ends
    exit_code: int = 0  # with which that process ends
    parts: tuple[str, ...] = ()


ALL_PARTS = ("lanes", "segmentation", "tracks", "world")
RESTART_S = 30.0  # networks must be loaded, on a machine that may be busy
KINDS = (
    Kind("camera stops", ("input.missing",)),
    Kind("camera freezes", ("input.frozen",)),
    Kind("camera goes blank", ("input.blank",)),
    Kind("garbage comes", ("input.unreadable",)),
    Kind("size changes", ("input.size_changed",)),
    Kind("encoding changes"),
    Kind("images become compressed"),
    Kind("time jumps ahead", ("input.clock",)),
    Kind("time jumps back", ("input.time_backwards",)),
    Kind("network raises", ("{part}.failed",), parts=ALL_PARTS),
    Kind("network says nan", ("{part}.unreadable",), parts=("lanes", "tracks", "world")),
    Kind("memory runs out", ("{part}.memory",), parts=ALL_PARTS),
    Kind("network hangs", ("{part}.late", "{part}.hangs"), 2.0, lasts_s=(3.0, 5.0),
         parts=ALL_PARTS),
    Kind("network never returns", ("{part}.hangs",), 4.0, RESTART_S, (14.0, 14.0),
         "perception_node", 3, ALL_PARTS),
    Kind("perception is killed", ("input.missing",), back_s=RESTART_S, lasts_s=(0.1, 0.1),
         restarts="perception_node", exit_code=-9),
    Kind("safety is killed", back_s=RESTART_S, lasts_s=(0.1, 0.1),
         restarts="safety_node", exit_code=-9),
    Kind("subscriber never reads", lasts_s=(4.0, 6.0)),
    Kind("subscriber stands still", lasts_s=(4.0, 6.0)),
)  # fmt: skip
NAMES = {kind.name: kind for kind in KINDS}
FIRST_S, REST_S, LAST_S = 3.0, (3.0, 5.0), 8.0
CALM_END = 0.5  # share of the time in which no process is restarted, so that memory can be compared


@dataclass(frozen=True)
class Planned:
    kind: Kind
    at_s: float  # since the soak began
    lasts_s: float
    part: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code.format(part=self.part) for code in self.kind.codes)


def chosen(names: Sequence[str]) -> tuple[Kind, ...]:
    """All kinds for no names.  Raises BadInput."""
    for name in names:
        if name not in NAMES:
            raise BadInput("faults", name, f"use some of: {', '.join(NAMES)}")
    return tuple(NAMES[name] for name in names) or KINDS


def planned(kinds: Sequence[Kind], seed: int, seconds: float) -> list[Planned]:
    """Every kind once, in any order, and again as long as there is time."""
    return list(plan(kinds, random.Random(seed), seconds))


def plan(kinds: Sequence[Kind], dice: random.Random, seconds: float) -> Iterator[Planned]:
    at_s, last_restart_s = FIRST_S, seconds * (1 - CALM_END)
    waiting: list[Kind] = []
    while at_s < seconds - LAST_S:
        allowed = [one for one in kinds if not one.restarts or at_s < last_restart_s]
        waiting = [one for one in waiting if one in allowed]
        if not waiting:
            waiting = dice.sample(allowed, len(allowed))
        if not waiting:
            return
        # What restarts a process goes first: later there is no time for it.
        kind = waiting.pop(next((i for i, k in enumerate(waiting) if k.restarts), 0))
        lasts_s = dice.uniform(*kind.lasts_s)
        yield Planned(kind, round(at_s, 2), round(lasts_s, 2), dice.choice(kind.parts or ("",)))
        rest_s = 12.0 if kind.restarts else 0.0
        at_s += lasts_s + rest_s + dice.uniform(*REST_S)
