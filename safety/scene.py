"""Everything that is known about one frame.  Immutable; pixels are those of the source image.

Boxes are (x0, y0, x1, y1) [px].  Every part carries `stamp_ns`, the stamp of the frame it was
computed from, so that its age is `scene.stamp_ns - part.stamp_ns`.  A part that is missing is None,
never an empty one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from road_clarity.safety.event_table import entry

Box = tuple[float, float, float, float]

# CamVid's eleven classes (Brostow et al. 2009), in the order of the label images.
CLASSES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree",
    "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
)  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """One lane line.  id 1..4 from left to right; 2 and 3 bound the lane the car is in."""

    id: int
    points: tuple[tuple[float, float], ...]  # [px], from the bottom of the image upwards
    confidence: float


@dataclass(frozen=True)
class Lanes:
    stamp_ns: int
    lanes: tuple[Lane, ...]
    # what the frame is like to the network, pooled: (128,); None where it is not told
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Segmentation:
    stamp_ns: int
    classes: NDArray[np.uint8]  # (h, w) index into CLASSES, at the network's resolution
    size: tuple[int, int]  # (width, height) of the source image
    features: NDArray[np.float32] | None = None  # (192,) as those of Lanes
    doubt: NDArray[np.float32] | None = None  # (5,) energy, entropy, certainty of the whole frame
    energy: NDArray[np.float32] | None = None  # (16, 32) high where no class speaks up


@dataclass(frozen=True)
class Track:
    id: int
    label: str  # 'person' or 'vehicle'
    box: Box
    confidence: float
    age: int  # frames since the track began


@dataclass(frozen=True)
class Tracks:
    stamp_ns: int
    tracks: tuple[Track, ...]


@dataclass(frozen=True, eq=False)
class Latent:
    """Where the world model places the frame.  D latent dimensions."""

    values: NDArray[np.float32]  # (D,)
    whitened: NDArray[np.float32]  # (D,) the same in standard deviations of calm frames
    space: str  # names the weights; only latents of one space can be compared


@dataclass(frozen=True, eq=False)
class World:
    """What the world model makes of the frame.  h, w: the model's own image size."""

    stamp_ns: int
    error: float  # reconstruction score; larger is stranger
    error_p: float  # share of calm frames reconstructed at least as badly; nan when not calibrated
    error_map: NDArray[np.float32]  # (h, w) squared error, mean over colours, colours in [0, 1]
    surprise: float  # one-step prediction score; nan until there was a prediction
    surprise_p: (
        float  # share of calm steps at least as surprising; nan until there was a prediction
    )
    horizon_s: float  # how far `prediction` looks ahead
    p_value: float  # of both together
    calibration_id: str
    reconstruction: NDArray[np.uint8]  # (h, w, 3) RGB
    prediction: NDArray[np.uint8] | None  # (h, w, 3) RGB
    latent: Latent | None = None  # does not travel over topics
    scores: tuple[float, ...] = ()  # of the single frame, logarithms; none where not told


@dataclass(frozen=True)
class Unknown:
    """How unlike calm frames this one is, to several scorers and to all of them together."""

    stamp_ns: int
    score: float  # larger is stranger; inf when something that must be known is not
    p_value: float  # share of calm frames that are at least as strange
    scorers: dict[str, float]  # the same share by each scorer
    calibration_id: str


@dataclass(frozen=True)
class Fault:
    """An input or a stage that cannot be trusted.  Any fault makes the risk unknown."""

    code: str
    text: str


@dataclass(frozen=True)
class Reason:
    code: str
    share: float  # of the score; the shares of all reasons add up to it
    region: Box | None
    text: str
    label: str | None = None  # 'person' or 'vehicle', where it is about one

    @property
    def module(self) -> str:
        """Whose word it is: one of event_table.MODULES."""
        return entry(self.code).module


@dataclass(frozen=True)
class Promise:
    """What the calibration promises about flags (safety.promise)."""

    state: str  # 'holds', 'withdrawn', 'void' (not made for these weights or settings) or 'none'
    text: str
    p_value: float | None = None  # share of nominal clips that go as high as the running one so far
    alpha: float | None = None  # share of nominal clips that raise a flag, at most
    calibration_id: str | None = None
    threshold: float | None = None  # from which a scene is flagged [points]


NO_PROMISE = Promise("none", "no calibration: nothing is promised about false alarms")


@dataclass(frozen=True)
class Risk:
    stamp_ns: int
    score: float  # 0 calm .. 1
    level: str  # one of safety.level.LEVELS
    reasons: tuple[Reason, ...]
    points: float = 0.0  # of all causes, which the score holds up to 1 of
    promise: Promise = NO_PROMISE


@dataclass(frozen=True, eq=False)
class Scene:
    index: int
    stamp_ns: int
    size: tuple[int, int]  # (width, height) [px]
    lanes: Lanes | None
    segmentation: Segmentation | None
    tracks: Tracks | None
    world: World | None
    faults: tuple[Fault, ...]
    unknown: Unknown | None = None  # None where nobody looks for it, as behind ROS topics
