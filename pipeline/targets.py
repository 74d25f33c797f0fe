"""Which targets are followed: when a track begins, is believed, and ends.  Pure bookkeeping.

A track begins where a segmentation blob is that no track explains.  It is shown once it was found
in several frames, by the tracker or by a blob that agrees with it.  It ends when it was not found
for some frames, when it leaves the image, when no blob of its kind has been where it says for long,
or when an older track says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from road_clarity.pipeline.backends.runtime import RuntimeConfig
from road_clarity.pipeline.blobs import BlobConfig, Candidate
from road_clarity.pipeline.lorat_tracker import Found, Template
from road_clarity.safety.scene import Box, Track
from road_clarity.safety.settings import setting

LEAVING_PX = 8.0  # a box this thin at the border of the image has left
STRAYED = 0.5  # how far a person may have moved that was not found [sides of the box]
PEOPLE_FIRST = 0.2  # urgency that being a person adds


@dataclass(frozen=True, kw_only=True)
class TrackerConfig(BlobConfig, RuntimeConfig):
    """Which network, how many targets, and when a track is believed."""

    weights: str = setting("lorat_edge", "weights of the tracker")
    max_targets: int = setting(
        4, "targets followed at once; each costs one run of the network per frame", low=1, high=32
    )
    confirm_frames: int = setting(3, "frames a target must be found in to be shown", low=1)
    min_confidence: float = setting(
        0.55, "expected overlap below which a target was not found", low=0.0, high=1.0
    )
    lost_frames: int = setting(5, "frames in a row not found after which a track ends", low=1)
    hidden_frames: int = setting(
        2, "frames in a row without a blob of its kind after which a track is not shown", low=0
    )
    unseen_frames: int = setting(6, "the same, after which it ends", low=1)
    agree: float = setting(
        0.3, "overlap (IoU) from which a blob and a track mean the same", low=0.0, high=1.0
    )
    duplicate: float = setting(
        0.6, "share of the smaller of two boxes inside the other that makes them one",
        low=0.0, high=1.0,
    )  # fmt: skip


@dataclass(eq=False)
class Target:
    """A track as it is worked on."""

    id: int
    label: str
    box: Box
    template: Template
    confidence: float
    age: int = 0  # frames since it began
    found: int = 1  # frames it was found in
    lost: int = 0  # frames in a row it was not
    unseen: int = 0  # frames in a row without a blob

    def follow(self, answer: Found, min_confidence: float) -> None:
        """Take in what the tracker says of this frame."""
        self.age += 1
        self.confidence = answer.confidence
        if answer.box is None or answer.confidence < min_confidence:
            self.lost += 1
            return
        self.box, self.lost, self.found = answer.box, 0, self.found + 1

    def heed(self, blob: Candidate) -> None:
        """Take in a blob that agrees: always of a vehicle, of a person when the answer was doubted.

        On PETS blobs of people, which merge in groups, made sure answers worse; the outlines of
        vehicles are sharp, and LoRAT's first weights know vehicles little.
        """
        self.unseen = 0
        if self.lost > 0:
            self.found += 1
        if self.lost > 0 or self.label == "vehicle":
            self.box, self.lost = blob.box, 0

    def is_believed(self, config: TrackerConfig) -> bool:
        """Whether it may be shown."""
        sure = self.found >= config.confirm_frames and self.lost == 0
        return sure and self.unseen <= config.hidden_frames

    def shown(self) -> Track:
        x0, y0, x1, y1 = (round(edge, 2) for edge in self.box)
        return Track(self.id, self.label, (x0, y0, x1, y1), round(self.confidence, 4), self.age)


def agreements(
    targets: Sequence[Target], candidates: Sequence[Candidate], least: float
) -> dict[int, Candidate]:
    """Target id -> the blob of its kind that overlaps it best; every blob once, best first.

    People are thin, so that a step may take them out of their box: one who was not found is
    widened, and the blob too, before they are compared (buffered overlap, Yang et al. 2023,
    arXiv:2211.13317).
    """
    pairs = sorted(
        (-nearness(target, candidate), target.id, index)
        for target in targets
        for index, candidate in enumerate(candidates)
        if candidate.label == target.label
    )
    matched: dict[int, Candidate] = {}
    used: set[int] = set()
    for negative, name, index in pairs:
        if -negative >= least and name not in matched and index not in used:
            matched[name] = candidates[index]
            used.add(index)
    return matched


def nearness(target: Target, candidate: Candidate) -> float:
    """Overlap of a target's box and a blob's."""
    buffer = STRAYED if target.lost > 0 and target.label == "person" else 0.0
    return overlap(widened(target.box, buffer), widened(candidate.box, buffer))


def widened(box: Box, buffer: float) -> Box:
    """The box with `buffer` of its sides more at every edge."""
    dx, dy = (box[2] - box[0]) * buffer, (box[3] - box[1]) * buffer
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def unexplained(
    candidates: Iterable[Candidate], targets: Sequence[Target], size: tuple[int, int]
) -> list[Candidate]:
    """Blobs that no track of their kind explains, the most urgent first.  size: (W, H) [px]"""
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
    """Targets that go on, the oldest first."""
    kept: list[Target] = []
    for one in sorted(targets, key=lambda target: target.id):
        gone = one.lost >= config.lost_frames or one.unseen >= config.unseen_frames
        never_sure = one.found < config.confirm_frames and one.lost > 0
        twin = any(
            other.label == one.label and inside(one.box, other.box) >= config.duplicate
            for other in kept
        )
        if not (gone or never_sure or twin or has_left(one.box, size)):
            kept.append(one)
    return kept


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


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = shared(a, b)
    return both / (area(a) + area(b) - both) if both else 0.0


def inside(a: Box, b: Box) -> float:
    """Share of the smaller box that lies in the other."""
    return shared(a, b) / min(area(a), area(b))


def shared(a: Box, b: Box) -> float:
    """Area of the intersection [px^2]."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
