"""The event table: every code that a reason may have, declared once.

A cause must last `raise_s` before it counts, and then counts for `hold_s` after it was last seen
(safety/persistence.py).  Severity: what it makes of the level.  'adds': its points add to the
score; 'unknown': nobody can judge the scene, at once; 'starting': the same, but nothing is wrong,
so that no event is stored of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

MODULES = ("lanes", "segmentation", "tracks", "world", "input", "watch")
SEVERITIES = ("adds", "unknown", "starting")


@dataclass(frozen=True)
class Entry:
    code: str
    module: str  # one of MODULES: whose word it is
    severity: str  # one of SEVERITIES
    raise_s: float
    hold_s: float
    text: str


def adds(code: str, module: str, raise_s: float, hold_s: float, text: str) -> Entry:
    return Entry(code, module, "adds", raise_s, hold_s, text)


CAUSES = (
    adds("anomaly.reconstruction", "world", 0.0, 0.0,
         "the world model redraws the scene worse than calm scenes"),
    adds("anomaly.surprise", "world", 0.0, 0.0,
         "the scene went on differently from what the world model predicted"),
    adds("anomaly.unknown_scene", "watch", 0.0, 0.0,
         "the frame is unlike all calm frames, to several scorers together"),
    adds("lane.departure", "lanes", 0.2, 0.2, "the car is close to, or on, a line of its lane"),
    adds("lane.lost", "lanes", 0.0, 0.0, "no line of the car's lane has been seen for a while"),
    adds("lane.no_road", "lanes", 0.5, 0.2,
         "the lane lines enclose what the segmentation says is no road"),
    adds("corridor.person", "tracks", 0.1, 0.3,
         "a person and the car meet soon, if both go on as now"),
    adds("corridor.intrusion", "segmentation", 0.4, 0.3,
         "somebody whom the tracker does not follow and the car meet soon"),
    adds("collision.course", "tracks", 0.4, 0.3,
         "a vehicle and the car meet soon by their places on the ground, if both go on as now"),
    adds("collision.time", "tracks", 0.2, 0.3,
         "something ahead grows so fast that the car would reach it soon"),
    adds("track.uncertain", "tracks", 0.3, 0.2,
         "what is followed ahead is not what the segmentation sees there"),
)  # fmt: skip
INPUT = {
    "frozen": "the image has not changed for a while",
    "blank": "the image has no contrast",
    "blurred": "the image has no edges",
    "size_changed": "the image has another size than before",
    "time_backwards": "the stamp of the image is before that of the last one",
    "time_gap": "no image came for a while",
    "clock": "the stamp of the image is ahead of the clock",
    "missing": "no image comes",
    "unreadable": "the image cannot be read",
    "failed": "the image could be read, but not taken in",
}
PART = {
    "missing": "is not there for this frame",
    "late": "was made from a frame that is too old",
    "failed": "could not be computed",
    "memory": "could not be computed, for memory ran out",
    "hangs": "is still being computed, for far too long",
    "unreadable": "holds nan or too few points",
}
SAFETY = {
    "inactive": "the safety node is not active",
    "stopped": "the safety node was stopped",
}
PARTS = MODULES[:4]
STARTING = (
    Entry("world.no_prediction", "world", "starting", 0.0, 0.0,
          "the world model has not predicted this moment"),
    Entry("watch.settling", "watch", "starting", 0.0, 0.0,
          "everything can be read, but not yet for long enough"),
)  # fmt: skip
FAULTS = (
    *(Entry(f"input.{name}", "input", "unknown", 0.0, 0.0, text) for name, text in INPUT.items()),
    *(
        Entry(f"unknown.{name}", "watch", "unknown", 0.0, 0.0, f"the part 'unknown' {PART[name]}")
        for name in ("late", "failed", "memory", "hangs")
    ),
    Entry(
        "unknown.unreadable",
        "watch",
        "unknown",
        0.0,
        0.0,
        "not all scorers of unknown scenes have answered",
    ),
    *(
        Entry(f"{part}.{name}", part, "unknown", 0.0, 0.0, f"the part '{part}' {text}")
        for part in PARTS
        for name, text in PART.items()
    ),
    *(Entry(f"safety.{name}", "watch", "unknown", 0.0, 0.0, text) for name, text in SAFETY.items()),
)
TABLE: dict[str, Entry] = {one.code: one for one in chain(CAUSES, FAULTS, STARTING)}


def entry(code: str) -> Entry:
    """What is declared of a code.  One that nobody declared is a fault of the watch."""
    return TABLE.get(code) or Entry(code, "watch", "unknown", 0.0, 0.0, "not declared")


def is_fault(code: str) -> bool:
    """Whether it makes the level unknown, and something is wrong."""
    return entry(code).severity == "unknown"


def table_text() -> str:
    """The table for docs/risk.md: one line a code."""
    head = "| code | module | severity | counts after [s] | held for [s] | meaning |"
    rows = [
        f"| `{one.code}` | {one.module} | {one.severity} | {one.raise_s:g} | {one.hold_s:g} "
        f"| {one.text} |"
        for one in TABLE.values()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])
