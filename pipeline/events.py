"""Events: flagged frames that belong together, each with the evidence of its worst moment.

A frame is flagged when its level is elevated or high, or unknown because of a fault.  That the
world model has nothing to compare its very first frames with is no such fault: it is warming up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import SCORE_DIGITS, reason_row, rounded
from road_clarity.pipeline.overlay import draw_overlay, heat_picture
from road_clarity.pipeline.run_folder import write_json
from road_clarity.safety.event_table import is_fault
from road_clarity.safety.scene import Risk, Scene
from road_clarity.safety.settings import Checked, setting

SEVERITY = {"nominal": 0, "elevated": 1, "unknown": 2, "high": 3}
EVENT_JSON, FRAME_PNG, OVERLAY_JPG, ERROR_MAP_PNG = (
    "event.json", "frame.png", "overlay.jpg", "error_map.png",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EventConfig(Checked):
    gap_s: float = setting(1.0, "calm time that ends an event [s]", low=0.0, high=60.0)


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame with everything that was made of it."""

    frame: Frame
    scene: Scene
    risk: Risk

    @property
    def weight(self) -> tuple[int, float]:
        """Compares moments: the worst level first, then the score."""
        return SEVERITY[self.risk.level], self.risk.score


@dataclass(frozen=True)
class Event:
    """Contents of event.json.  Stamps [ns]; reasons are those of the peak."""

    id: str
    start_ns: int
    end_ns: int
    peak_ns: int
    start_index: int
    end_index: int
    peak_index: int
    level: str
    score: float | None
    reasons: list[dict[str, Any]]
    source: str
    models: dict[str, dict[str, str]]


class EventRecorder:
    """Sees every frame in order, and stores an event when it is over."""

    def __init__(
        self, folder: Path, models: Mapping[str, str], config: EventConfig | None = None
    ) -> None:
        """folder: where event folders go; models: name -> sha256 of the weights in use."""
        self._folder = folder
        self._models = {name: {"sha256": sha256} for name, sha256 in models.items()}
        self._gap_ns = (config or EventConfig()).gap_s * 1e9
        self._open: OpenEvent | None = None
        self._count = 0

    def see(self, moment: Moment, source: str) -> Event | None:
        """The event that this frame shows to be over, if any."""
        over = None
        if self._open and not self._open.may_continue(moment, source, self._gap_ns):
            over = self.close()
        if is_flagged(moment.risk):
            if self._open:
                self._open.add(moment)
            else:
                self._open = OpenEvent(moment, source)
        return over

    def close(self) -> Event | None:
        """Store the event that is still open, if any."""
        if self._open is None:
            return None
        self._count += 1
        event = self._open.finished(self._count, self._models)
        store(self._folder, event, self._open.peak)
        self._open = None
        return event


class OpenEvent:
    """An event that may still go on."""

    def __init__(self, moment: Moment, source: str) -> None:
        self.first = self.last = self.peak = moment
        self.source = source

    def may_continue(self, moment: Moment, source: str, gap_ns: float) -> bool:
        since_ns = moment.scene.stamp_ns - self.last.scene.stamp_ns
        return source == self.source and 0 <= since_ns <= gap_ns

    def add(self, moment: Moment) -> None:
        self.last = moment
        if moment.weight > self.peak.weight:
            self.peak = moment

    def finished(self, number: int, models: dict[str, dict[str, str]]) -> Event:
        risk = self.peak.risk
        code = risk.reasons[0].code if risk.reasons else "risk"
        return Event(
            id=f"{number:04d}-{code.replace('.', '-').replace('_', '-')}",
            start_ns=self.first.scene.stamp_ns,
            end_ns=self.last.scene.stamp_ns,
            peak_ns=self.peak.scene.stamp_ns,
            start_index=self.first.scene.index,
            end_index=self.last.scene.index,
            peak_index=self.peak.scene.index,
            level=risk.level,
            score=rounded(risk.score, SCORE_DIGITS),
            reasons=[reason_row(reason) for reason in risk.reasons],
            source=self.source,
            models=models,
        )


def is_flagged(risk: Risk) -> bool:
    if risk.level != "unknown":
        return risk.level != "nominal"
    return any(is_fault(reason.code) for reason in risk.reasons)


def store(folder: Path, event: Event, peak: Moment) -> None:
    """Write the event's folder; it appears under its name once it is complete."""
    partial = folder / f".{event.id}.partial"
    partial.mkdir(parents=True)
    write_picture(partial / FRAME_PNG, peak.frame.image)
    write_picture(partial / OVERLAY_JPG, draw_overlay(peak.frame, peak.scene, peak.risk))
    if peak.scene.world is not None:
        heat = heat_picture(peak.frame.image, peak.scene.world.error_map)
        write_picture(partial / ERROR_MAP_PNG, heat)
    write_json(partial / EVENT_JSON, asdict(event))
    partial.rename(folder / event.id)


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """image: (H, W, 3) RGB"""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 90] if path.suffix == ".jpg" else []
    _, content = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    path.write_bytes(content.tobytes())


def read_events(folder: Path) -> list[Event]:
    """All stored events in the order in which they happened."""
    found = sorted(folder.glob(f"[0-9]*/{EVENT_JSON}"))
    return [Event(**json.loads(path.read_text())) for path in found]
