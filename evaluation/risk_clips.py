"""Simulated drives before the eyes of the watch: what the risk said, beside what was true.

A clip is one story with one seed, seen from our car.  **Hazardous** is a clip with a hazardous
frame (training/simulator/danger.py).  Its **touch** is when the two would have met without any
reaction, as the first hazardous frame with a time to collision of at most 5 s foresees it; of a
near miss, the last hazardous frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import process_time

from road_clarity.evaluation.risk_eyes import Eyes
from road_clarity.evaluation.world_streets import who_matters
from road_clarity.safety.event_table import is_fault
from road_clarity.safety.scene import Risk
from road_clarity.training.simulator.film import SimFrame, simulate
from road_clarity.training.simulator.ground_truth import Truth
from road_clarity.training.simulator.scenario import compose

SIZE, FPS = (640, 360), 10.0
# A car that creeps up on another is hazardous long before the two touch, if ever they do
LATEST_TOUCH_S = 5.0


@dataclass(frozen=True)
class Said:
    """What the risk of one frame said."""

    time_s: float
    score: float  # 0 while the pipeline only starts, 1 when it could not judge
    code: str  # of the largest reason, '' where there is none


@dataclass(frozen=True)
class RiskClip:
    story: str
    seed: int
    look: str
    hazardous: bool
    touch_s: float  # nan: not hazardous
    seen_s: float  # from the first hazardous frame that shows who it is; nan: never
    said: tuple[Said, ...]  # until the last hazardous frame, or the end of a calm clip
    cpu_s: float  # of simulator and eyes

    @property
    def worst(self) -> Said:
        """The clip's score is that of its worst frame."""
        return max(self.said, key=lambda one: one.score)

    def first_above(self, threshold: float) -> Said | None:
        """The first frame whose score is above it."""
        return next((one for one in self.said if one.score > threshold), None)


def risk_clips(
    seeds: Iterable[int], stories: Iterable[str], eyes: Eyes, seconds: float
) -> Iterator[RiskClip]:
    """One clip of every story for every seed."""
    wanted = list(stories)
    for seed in seeds:
        for story in wanted:
            started = process_time()
            rows = list(run(simulate(seed, story, SIZE, FPS, seconds), eyes))
            look = compose(story, seed).look
            yield judged(story, seed, look, rows, process_time() - started)


def run(frames: Iterable[SimFrame], eyes: Eyes) -> Iterator[tuple[Said, bool, float | None, bool]]:
    """(what was said, hazardous, touch [s] or None, whether who it is can be seen) by frame."""
    eyes.restart()
    for index, frame in enumerate(frames):
        risk, truth = eyes.risk(index, frame), frame.truth
        yield said(risk), truth.hazardous, touch(truth), who_matters(truth) is not None


def said(risk: Risk) -> Said:
    """A pipeline that starts says nothing yet; one that cannot judge says the worst."""
    code = risk.reasons[0].code if risk.reasons else ""
    starts = risk.level == "unknown" and not any(is_fault(one.code) for one in risk.reasons)
    return Said(risk.stamp_ns * 1e-9, 0.0 if starts else risk.points, code)


def touch(truth: Truth) -> float | None:
    """When our car would touch somebody [s]; None: not on the present courses, or not soon."""
    left_s = truth.time_to_collision_s
    if left_s is None or left_s > LATEST_TOUCH_S:
        return None
    return truth.stamp_ns * 1e-9 + left_s


def judged(
    story: str, seed: int, look: str, rows: list[tuple[Said, bool, float | None, bool]],
    cpu_s: float,
) -> RiskClip:  # fmt: skip
    """What all frames of a clip come to."""
    danger = [index for index, (_, hazardous, _, _) in enumerate(rows) if hazardous]
    if not danger:
        whole = tuple(one for one, _, _, _ in rows)
        return RiskClip(story, seed, look, False, math.nan, math.nan, whole, cpu_s)
    last = danger[-1]
    touches = [rows[index][2] for index in danger]
    known = next((one for one in touches if one is not None), rows[last][0].time_s)
    shown = next((rows[i][0].time_s for i in danger if rows[i][3]), math.nan)
    before = tuple(one for one, _, _, _ in rows[: last + 1])
    return RiskClip(story, seed, look, True, known, shown, before, cpu_s)
