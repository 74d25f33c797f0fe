"""The suite: 15 corruptions after ImageNet-C (Hendrycks & Dietterich 2019) and 8 driving faults.

Five severities each; the same image, name, severity and seed give the same bytes, and a seed keeps
its pattern over the severities.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.corruptions import blur, digital, driving, noise, weather
from road_clarity.models.errors import BadInput

SEVERITIES = (1, 2, 3, 4, 5)
FROZEN = "frozen"


class Corruption(NamedTuple):
    paint: Callable[..., noise.Image]
    strengths: tuple[Any, ...]  # by severity


COMMON = {
    "gaussian_noise": Corruption(noise.gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
    "shot_noise": Corruption(noise.shot_noise, (60, 25, 12, 5, 3)),
    "impulse_noise": Corruption(noise.impulse_noise, (0.03, 0.06, 0.09, 0.17, 0.27)),
    "defocus_blur": Corruption(blur.defocus_blur, (3, 4, 6, 8, 10)),
    "glass_blur": Corruption(
        blur.glass_blur, ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
    ),
    "motion_blur": Corruption(blur.motion_blur, (10, 14, 18, 24, 30)),
    "zoom_blur": Corruption(
        blur.zoom_blur, ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
    ),
    "snow": Corruption(
        weather.snow,
        ((0.01, 3, 10, 0.8), (0.02, 3, 12, 0.7), (0.03, 4, 12, 0.65), (0.04, 4, 14, 0.6),
         (0.05, 5, 14, 0.55)),
    ),
    "frost": Corruption(
        weather.frost, ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
    ),
    "fog": Corruption(weather.fog, ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))),
    "brightness": Corruption(weather.brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "contrast": Corruption(digital.contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
    "elastic": Corruption(
        digital.elastic, ((0.02, 0.03), (0.03, 0.03), (0.04, 0.03), (0.05, 0.03), (0.07, 0.03))
    ),
    "pixelate": Corruption(digital.pixelate, (0.6, 0.5, 0.4, 0.3, 0.25)),
    "jpeg": Corruption(digital.jpeg, (25, 18, 15, 10, 7)),
}  # fmt: skip
DRIVING = {
    "lens_dirt": Corruption(driving.lens_dirt, (0.08, 0.15, 0.25, 0.4, 0.6)),
    "droplets": Corruption(driving.droplets, (5, 12, 25, 45, 70)),
    "sun_glare": Corruption(driving.sun_glare, (0.1, 0.18, 0.28, 0.4, 0.6)),
    "tearing": Corruption(driving.tearing, (1, 2, 4, 7, 12)),
    "swapped_channels": Corruption(driving.swapped_channels, (0.3, 0.5, 0.7, 0.85, 1.0)),
    "packet_loss": Corruption(driving.packet_loss, (0.03, 0.07, 0.14, 0.25, 0.4)),
    "exposure": Corruption(driving.exposure, (0.7, 1.4, 2.1, 2.8, 3.5)),
}
STILL = COMMON | DRIVING  # what can be done to a single frame
HELD = (3, 6, 12, 25, 50)  # frames that a frozen camera repeats, by severity


def corrupt(image: NDArray[np.uint8], name: str, severity: int, seed: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB -> the same.  Raises BadInput for an unknown name or severity."""
    if name not in STILL:
        raise BadInput("corruption", name, f"use one of {', '.join(STILL)}")
    require_severity(severity)
    rng = np.random.default_rng((zlib.crc32(name.encode()), seed))
    one = STILL[name]
    painted = one.paint(image.astype(np.float32) / 255, one.strengths[severity - 1], rng)
    return np.round(np.clip(painted, 0.0, 1.0) * 255).astype(np.uint8)


def frozen(
    frames: Sequence[NDArray[np.uint8]], severity: int, seed: int
) -> tuple[list[NDArray[np.uint8]], list[bool]]:
    """A clip whose camera hangs once, for HELD frames or to its end; and which frames are stale.

    Raises BadInput for an unknown severity.
    """
    require_severity(severity)
    held = min(HELD[severity - 1], max(len(frames) - 1, 0))
    rng = np.random.default_rng((zlib.crc32(FROZEN.encode()), seed))
    start = int(rng.integers(0, len(frames) - held)) if frames else 0
    stale = [start < i <= start + held for i in range(len(frames))]
    return [
        frames[start] if old else frame for frame, old in zip(frames, stale, strict=True)
    ], stale


def require_severity(severity: int) -> None:
    if severity not in SEVERITIES:
        raise BadInput("severity", severity, "use one of 1, 2, 3, 4, 5")
