"""Which targets are followed: when a track begins, is believed, and ends.  Pure bookkeeping.

Where the detector sees somebody whom no track explains, perhaps somebody is there.  One high score
tells; lower ones must add up, each from another place: what is seen again unchanged is no further
evidence, a sign looks like a person in every frame.  From then on the target is followed: while the
detector sees it, its box is the detector's, steadied by how it moved; where it does not, LoRAT
looks for it.  A track is shown at once, since whoever steps out is seen for moments only (or, where
`confirm_frames` says so, once it was found in several frames).  It ends when neither finds it for
some frames, when it leaves the image, when the detector has not seen it for long, or when an older
track says the same.

For the same reason a track is not shown while it neither moves in the image nor is surely seen; and
where the detector does not see it, only if it saw it well before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from road_clarity.pipeline.backends.runtime import RuntimeConfig
from road_clarity.pipeline.finder import Candidate, FinderConfig
from road_clarity.pipeline.lorat_tracker import Found, Template
from road_clarity.pipeline.steady_box import SteadyBox
from road_clarity.safety.boxes import inside, overlap
from road_clarity.safety.scene import Box, Track
from road_clarity.safety.settings import setting

LEAVING_PX = 8.0  # a box this thin at the border of the image has left
SURER = 2  # power of a detection's score by which its overlap with a track counts
STRAYED = 0.5  # how far a person may have moved since the last frame [sides of the box]
PEOPLE_FIRST = 0.2  # urgency that being a person adds
ELSEWHERE = 0.25  # how far a box must have moved or grown for a score to count anew [widths]
MOST_EVIDENCE = 0.4  # that is remembered, in scores above even_score
UNSEEN = 0.06  # evidence against somebody whom the detector did not see
FIRM = 0.2  # evidence from which a track is shown where the detector does not see it
THING_S = 2.0  # whoever neither moves nor is surely seen for so long is a thing
TWICE = 2  # whoever was found in fewer frames is not looked for once lost
PATIENCE = 1  # frames in a row that somebody who is perhaps there may be unseen


@dataclass(frozen=True, kw_only=True)
class TrackerConfig(FinderConfig, RuntimeConfig):
    """Which networks, how many targets, and when a track is believed."""

    weights: str = setting("lorat_edge", "weights of the tracker")
    max_targets: int = setting(16, "targets followed at once", low=1, high=64)
    max_searches: int = setting(
        4, "targets that LoRAT looks for in one frame; each costs a run", low=1, high=32
    )
    begin_score: float = setting(
        0.75, "score of the detector that is believed at once", low=0.05, high=1.0
    )
    begin_vehicle_score: float = setting(
        0.7, "the same for a vehicle of near_height or more", low=0.05, high=1.0
    )
    near_height: float = setting(
        0.067, "height of a near vehicle [share of the image height]", low=0.0, high=1.0
    )
    maybe_score: float = setting(
        0.55, "score of the detector from which somebody may be there", low=0.05, high=1.0
    )
    even_score: float = setting(
        0.62, "score of the detector that speaks neither for nor against a person",
        low=0.05, high=1.0,
    )  # fmt: skip
    even_vehicle_score: float = setting(
        0.7, "score that speaks neither for nor against a vehicle", low=0.05, high=1.0
    )
    confirm_frames: int = setting(1, "frames a target must be found in to be shown", low=1)
    min_confidence: float = setting(
        0.55, "expected overlap below which a target was not found", low=0.0, high=1.0
    )
    lost_frames: int = setting(5, "frames in a row not found after which a track ends", low=1)
    hidden_frames: int = setting(
        2, "frames in a row not seen by the detector after which a track is not shown", low=0
    )
    shown_confidence: float = setting(
        0.0, "confidence below which a track is not shown", low=0.0, high=1.0
    )
    unseen_frames: int = setting(6, "the same, after which it ends", low=1)
    agree: float = setting(
        0.3, "overlap (IoU) from which a detection and a track mean the same", low=0.0, high=1.0
    )
    duplicate: float = setting(
        0.4, "share of the smaller of two boxes inside the other that makes them one",
        low=0.0, high=1.0,
    )  # fmt: skip
    duplicate_vehicle: float = setting(
        0.8, "the same for a vehicle that the detector sees: they stand behind one another",
        low=0.0, high=1.0,
    )  # fmt: skip

    def excess(self, label: str, score: float) -> float:
        """How far a score speaks for somebody being there."""
        return score - (self.even_score if label == "person" else self.even_vehicle_score)

    def believed_at(self, label: str, height: float) -> float:
        """Score that is believed at once.  height: of the box [share of the image height]"""
        near_vehicle = label == "vehicle" and height >= self.near_height
        return self.begin_vehicle_score if near_vehicle else self.begin_score

    def twin_share(self, label: str, seen: bool) -> float:
        """Share inside another box from which it is the same.  seen: by the detector, just now"""
        return self.duplicate_vehicle if seen and label == "vehicle" else self.duplicate


@dataclass(eq=False)
class Target:
    """A track as it is worked on."""

    id: int  # negative while it is not followed
    label: str
    box: Box
    template: Template | None  # None: not followed yet
    confidence: float
    age: int = 0  # frames since it began
    found: int = 1  # frames it was found in
    lost: int = 0  # frames in a row that neither detector nor tracker found it in
    unseen: int = 0  # frames in a row that the detector did not see it in
    evidence: float = 0.0  # how far the detector's scores exceeded even_score, together
    still_s: float = 0.0  # since it last moved or was surely seen
    steady: SteadyBox = field(init=False)
    counted: Box = field(init=False)  # where it was when a low score last counted

    def __post_init__(self) -> None:
        self.steady = SteadyBox.begin(self.box, self.confidence)
        self.counted = self.box

    def move(self, passed_s: float) -> None:
        """Go on as before, until somebody looks."""
        self.still_s += passed_s
        self.steady = self.steady.later(passed_s)
        self.box = self.steady.box

    def take(self, box: Box, overlap: float) -> None:
        """Take in where it is said to be."""
        self.steady = self.steady.seen(box, overlap)
        self.box = self.steady.box

    def see(self, there: Candidate) -> None:
        """Take in where the detector sees it."""
        self.age += 1
        self.take(there.box, there.score)
        self.confidence = there.score
        self.found, self.lost, self.unseen = self.found + 1, 0, 0

    def weigh(self, score: float, config: TrackerConfig) -> None:
        """Take in how sure the detector is that somebody is there."""
        excess, sure = config.excess(self.label, score), score >= config.begin_score
        another = elsewhere(self.box, self.counted)
        if another or sure:
            self.still_s = 0.0
        if another or sure or excess < 0.0:
            self.evidence = min(self.evidence + excess, MOST_EVIDENCE)
        if another:
            self.counted = self.box

    def follow(self, answer: Found | None, min_confidence: float) -> None:
        """Take in what the tracker says where the detector did not see it; None: not asked."""
        self.age += 1
        self.unseen += 1
        self.evidence -= UNSEEN
        self.confidence = 0.0 if answer is None else answer.confidence
        if answer is None or answer.box is None or answer.confidence < min_confidence:
            self.lost += 1
            return
        self.take(answer.box, answer.confidence)
        self.lost, self.found = 0, self.found + 1

    def is_there(self, config: TrackerConfig, image_height: int) -> bool:
        """Whether it is to be followed."""
        height = (self.box[3] - self.box[1]) / image_height
        enough = config.believed_at(self.label, height)
        seen_well = self.unseen == 0 and self.confidence >= enough
        return seen_well or self.evidence >= config.excess(self.label, config.begin_score)

    def is_believed(self, config: TrackerConfig) -> bool:
        """Whether it may be shown."""
        known = self.template is not None and self.found >= config.confirm_frames
        lately = self.lost == 0 and self.unseen <= config.hidden_frames
        firm = self.unseen == 0 or self.evidence >= FIRM
        sure = firm and self.still_s < THING_S and self.confidence >= config.shown_confidence
        return known and lately and sure

    def shown(self) -> Track:
        x0, y0, x1, y1 = (round(edge, 2) for edge in self.box)
        return Track(self.id, self.label, (x0, y0, x1, y1), round(self.confidence, 4), self.age)


def followed(targets: Iterable[Target]) -> list[Target]:
    return [one for one in targets if one.template is not None]


def perhaps(targets: Iterable[Target]) -> list[Target]:
    """Those who are perhaps there, and not followed yet."""
    return [one for one in targets if one.template is None]


def agreements(
    targets: Sequence[Target], candidates: Sequence[Candidate], least: float
) -> dict[int, Candidate]:
    """Target id -> the detection of its kind that overlaps it best; each once, best first.

    People are thin, so that a step may take them out of their box: both boxes are widened before
    they are compared (buffered overlap, Yang et al. 2023, arXiv:2211.13317).  Of two boxes around
    the same person the surer is right more often, so that an overlap counts by the score (as in
    the code of ByteTrack, Zhang et al. 2022, arXiv:2110.06864).
    """
    near = (
        (nearness(target, candidate), target.id, index)
        for target in targets
        for index, candidate in enumerate(candidates)
        if candidate.label == target.label
    )
    pairs = sorted(
        (-common * candidates[index].score ** SURER, name, index)
        for common, name, index in near
        if common >= least
    )
    matched: dict[int, Candidate] = {}
    used: set[int] = set()
    for _, name, index in pairs:
        if name not in matched and index not in used:
            matched[name] = candidates[index]
            used.add(index)
    return matched


def elsewhere(box: Box, before: Box) -> bool:
    """Whether a box has moved or grown so far that the picture in it is another."""
    width, height = box[2] - box[0], box[3] - box[1]
    x, y = (abs(box[n] + box[n + 2] - before[n] - before[n + 2]) / 2 for n in (0, 1))
    grown = abs(math.log(height / (before[3] - before[1])))
    return (x + y) / width + grown >= ELSEWHERE


def nearness(target: Target, candidate: Candidate) -> float:
    """Overlap of a target's box and a detection's."""
    buffer = STRAYED if target.label == "person" else 0.0
    return overlap(widened(target.box, buffer), widened(candidate.box, buffer))


def widened(box: Box, buffer: float) -> Box:
    """The box with `buffer` of its sides more at every edge."""
    dx, dy = (box[2] - box[0]) * buffer, (box[3] - box[1]) * buffer
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def unexplained(
    candidates: Iterable[Candidate], targets: Sequence[Target], size: tuple[int, int]
) -> list[Candidate]:
    """Whom no track of their kind explains, the most urgent first.  size: (W, H) [px]"""
    free = [
        one
        for one in candidates
        if not any(
            target.label == one.label
            and overlap(one.box, target.box) > 0.0
            and holds_centre(target.box, one.box)
            for target in targets
        )
    ]
    return sorted(free, key=lambda one: (-urgency(one, size), one.box))


def urgency(one: Candidate | Target, size: tuple[int, int]) -> float:
    """Larger for people, for what is near (low in the image) and ahead (near its middle)."""
    width, height = size
    aside = abs((one.box[0] + one.box[2]) / width - 1)  # 0 in the middle, 1 at the border
    return one.box[3] / height - 0.5 * aside + PEOPLE_FIRST * (one.label == "person")


def alive(targets: Sequence[Target], size: tuple[int, int], config: TrackerConfig) -> list[Target]:
    """Targets that go on: those that are followed before the others, those that the detector sees
    before those it does not, the oldest first."""
    kept: list[Target] = []
    for one in sorted(targets, key=lambda one: (one.template is None, one.unseen > 0, one.id)):
        share = config.twin_share(one.label, one.unseen == 0)
        twin = any(
            other.label == one.label and inside(one.box, other.box) >= share for other in kept
        )
        if not (twin or has_left(one.box, size) or is_gone(one, config)):
            kept.append(one)
    return kept


def is_gone(one: Target, config: TrackerConfig) -> bool:
    """Whether it is not worth looking for any more."""
    if one.template is None:
        return one.unseen > PATIENCE or one.evidence < config.maybe_score - config.begin_score
    never_sure = one.found < max(config.confirm_frames, TWICE) and one.lost > 0
    return never_sure or one.lost >= config.lost_frames or one.unseen >= config.unseen_frames


def has_left(box: Box, size: tuple[int, int]) -> bool:
    """Whether only a sliver at the border of the image is left."""
    thin = box[2] - box[0] < LEAVING_PX or box[3] - box[1] < LEAVING_PX
    return thin and (box[0] <= 0 or box[1] <= 0 or box[2] >= size[0] or box[3] >= size[1])


def holds_centre(box: Box, other: Box) -> bool:
    """Whether the middle of one box lies in the other, either way."""
    return any(
        a[0] <= (b[0] + b[2]) / 2 <= a[2] and a[1] <= (b[1] + b[3]) / 2 <= a[3]
        for a, b in ((box, other), (other, box))
    )
