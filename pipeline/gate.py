"""The input gate: is this image fit to be judged?  A failed camera must not look calm."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Fault
from road_clarity.safety.settings import Checked, setting

JUMPS = frozenset({"input.size_changed", "input.time_backwards", "input.time_gap"})
THUMB = (160, 90)  # (width, height) at which images are judged [px]


@dataclass(frozen=True, kw_only=True)
class GateConfig(Checked):
    frozen_s: float = setting(0.3, "how long the very same image may be repeated [s]", low=0.0)
    frozen_difference: float = setting(
        0.05, "mean difference below which images are the same [grey levels]", low=0.0
    )
    blank_contrast: float = setting(6.0, "spread of a blank image [grey levels]", low=0.0)
    blur_sharpness: float = setting(12.0, "Laplacian variance of a blurred image", low=0.0)
    longest_gap_s: float = setting(1.0, "gap in the stamps that breaks the stream [s]", low=0.01)


class InputGate:
    """Remembers the last image; a new size or a jump in time starts a new stream."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._last: Frame | None = None
        self._thumb: NDArray[np.uint8] | None = None
        self._moved_ns = 0  # stamp of the last image that differed from the one before

    def check(self, frame: Frame) -> tuple[Fault, ...]:
        """What is wrong with the frame.  `broken(faults)` tells whether the stream starts anew."""
        last, self._last = self._last, frame
        before, self._thumb = self._thumb, thumbnail(frame.image)
        faults = [*self._stream(frame, last), *self._picture(self._thumb)]
        if before is None or broken(tuple(faults)) or self._differ(before, self._thumb):
            self._moved_ns = frame.stamp_ns
        still_ns = frame.stamp_ns - self._moved_ns
        if still_ns > self._config.frozen_s * 1e9:
            text = f"the image has not changed for {still_ns * 1e-9:.1f} s"
            faults.append(Fault("input.frozen", text))
        return tuple(faults)

    def _differ(self, before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
        return float(cv2.absdiff(before, now).mean()) > self._config.frozen_difference

    def _stream(self, frame: Frame, last: Frame | None) -> list[Fault]:
        if last is None:
            return []
        if frame.size != last.size:
            text = f"the image size changed from {last.size} to {frame.size}"
            return [Fault("input.size_changed", text)]
        gap_s = (frame.stamp_ns - last.stamp_ns) * 1e-9
        if gap_s <= 0:
            return [Fault("input.time_backwards", f"the stamp went back by {-gap_s:.3f} s")]
        if gap_s > self._config.longest_gap_s:
            return [Fault("input.time_gap", f"no image for {gap_s:.2f} s")]
        return []

    def _picture(self, thumb: NDArray[np.uint8]) -> list[Fault]:
        contrast = float(thumb.std())
        if contrast < self._config.blank_contrast:
            return [Fault("input.blank", f"the image is blank (contrast {contrast:.1f})")]
        sharpness = float(cv2.Laplacian(thumb, cv2.CV_64F).var())
        if sharpness < self._config.blur_sharpness:
            return [Fault("input.blurred", f"the image is blurred (sharpness {sharpness:.1f})")]
        return []


def broken(faults: tuple[Fault, ...]) -> bool:
    """Whether what was remembered of earlier frames no longer applies."""
    return any(fault.code in JUMPS for fault in faults)


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB -> (90, 160) grey."""
    small = cv2.resize(image, THUMB, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
