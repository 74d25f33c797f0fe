"""Are the road users of simulated streets found: how many of each height, and how soon?

Somebody of whom enough is seen (training/finder_streets.py) must be found from 24 px height on, as
the camera sees it; a box finds somebody whom it overlaps by 0.4 (IoU), everybody at most once, best
pairs first.  A box that overlaps nobody of its kind by 0.2 is false, whether enough is seen or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from road_clarity.evaluation.risk_clips import FPS, SIZE
from road_clarity.evaluation.seeds import seed_range
from road_clarity.models.errors import BadInput
from road_clarity.models.fastest_det import KINDS
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import pick_device
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.tracking import TrackStage
from road_clarity.safety.boxes import overlap
from road_clarity.safety.scene import Box
from road_clarity.training.finder_streets import is_shown
from road_clarity.training.simulator.film import SimFrame, simulate
from road_clarity.training.simulator.ground_truth import Instance
from road_clarity.training.simulator.scenario import SCENARIOS

SECONDS = 8.0  # of a clip
FOUND, NOBODY = 0.4, 0.2  # overlap (IoU)
HEIGHTS = (24, 32, 48, 80)  # lower bounds of the classes of height [px]
LONGEST_S = 2.0  # a longer wait counts as this one
SOON_S = 0.5
SHORTEST_S = 0.5  # that somebody must be seen for, to be waited for


@dataclass
class Tally:
    """Of one kind of road user."""

    there: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # by class of height
    seen: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # by the detector
    tracked: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    false_seen: int = 0
    false_tracks: int = 0
    waits_s: list[float] = field(default_factory=list)

    def told(self, frames: int) -> dict[str, Any]:
        """As the command prints it."""
        heights = [height for height in HEIGHTS if self.there[height]]
        return {
            "seen": {str(one): self.seen[one] / self.there[one] for one in heights},
            "tracked": {str(one): self.tracked[one] / self.there[one] for one in heights},
            "boxes": {str(one): self.there[one] for one in heights},
            "false_seen_per_frame": self.false_seen / max(frames, 1),
            "false_tracks_per_frame": self.false_tracks / max(frames, 1),
            "road_users": len(self.waits_s),
            "wait_s": fmean(self.waits_s) if self.waits_s else None,
            "soon": share(self.waits_s, lambda wait: wait <= SOON_S),
            "never": share(self.waits_s, lambda wait: wait >= LONGEST_S),
        }


def share(waits: Sequence[float], of: Any) -> float | None:
    return fmean(float(of(one)) for one in waits) if waits else None


def evaluate_streets(seeds: str | None, config: PipelineConfig, device: str) -> dict[str, Any]:
    """By kind of road user, of every story: what the detector sees (`seen`) and what is tracked.

    seeds: A:B.  Raises BadInput.
    """
    if seeds is None:
        raise BadInput("--seeds", "missing", "name the streets as A:B, such as 5000:5004")
    stage = TrackStage(config.tracks, pick_device(device))
    tallies = {kind: Tally() for kind in KINDS}
    frames = 0
    for seed in seed_range(seeds):
        for story in SCENARIOS:
            frames += look(stage, simulate(seed, story, SIZE, FPS, SECONDS), tallies)
    return {"frames": frames} | {kind: one.told(frames) for kind, one in tallies.items()}


def look(stage: TrackStage, clip: Iterable[SimFrame], tallies: dict[str, Tally]) -> int:
    """One clip, added to the tallies.  Returns its frames."""
    stage.reset()
    waits = {kind: Waits() for kind in tallies}
    frames = 0
    for frames, shot in enumerate(clip, 1):
        tracks = stage.run(Frame(frames, shot.stamp_ns, shot.image)).tracks
        for kind, tally in tallies.items():
            there = [one for one in shot.truth.instances if one.label == kind]
            asked = {one.id for one in there if is_asked(one, shot.truth.camera.focal_px)}
            tracked = [one.box for one in tracks if one.label == kind]
            found = found_by(tracked, there)
            count(tally.tracked, found & asked, there)
            tally.false_tracks += false(tracked, there)
            seen = [one.box for one in stage.seen if one.label == kind]
            count(tally.seen, found_by(seen, there) & asked, there)
            tally.false_seen += false(seen, there)
            count(tally.there, asked, there)
            waits[kind].look(shot.stamp_ns * 1e-9, asked, found)
    for kind, tally in tallies.items():
        tally.waits_s += waits[kind].ended()
    return frames


class Waits:
    """How long it takes from the first moment somebody must be found until it is [s]."""

    def __init__(self) -> None:
        self._asked_s: dict[int, tuple[float, float]] = {}  # first and last time
        self._found_s: dict[int, float] = {}

    def look(self, now_s: float, asked: set[int], found: set[int]) -> None:
        for one in asked:
            self._asked_s[one] = self._asked_s.get(one, (now_s, now_s))[0], now_s
        for one in found & self._asked_s.keys():
            self._found_s.setdefault(one, now_s)

    def ended(self) -> list[float]:
        """Of everybody who was seen for long enough; who is never found waits for LONGEST_S."""
        return [
            min(self._found_s.get(one, float("inf")) - first, LONGEST_S)
            for one, (first, last) in self._asked_s.items()
            if last - first >= SHORTEST_S - 1e-6
        ]


def is_asked(one: Instance, focal_px: float) -> bool:
    return one.box[3] - one.box[1] >= HEIGHTS[0] and is_shown(one, focal_px)


def count(into: dict[int, int], who: set[int], there: Iterable[Instance]) -> None:
    """Add those to their classes of height."""
    for one in there:
        if one.id in who:
            into[max(low for low in HEIGHTS if one.box[3] - one.box[1] >= low)] += 1


def found_by(boxes: Sequence[Box], there: Sequence[Instance]) -> set[int]:
    """Ids of those whom the boxes find."""
    pairs = sorted(
        ((overlap(box, one.box), n, one.id) for n, box in enumerate(boxes) for one in there),
        reverse=True,
    )
    used: set[int] = set()
    found: set[int] = set()
    for common, number, who in pairs:
        if common >= FOUND and number not in used and who not in found:
            used.add(number)
            found.add(who)
    return found


def false(boxes: Iterable[Box], there: Sequence[Instance]) -> int:
    """How many boxes are about nobody."""
    best = (max((overlap(box, one.box) for one in there), default=0.0) for box in boxes)
    return sum(common < NOBODY for common in best)
