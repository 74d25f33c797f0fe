"""Events: flagged frames that belong together, with what led to them and what followed.

A frame is flagged when its level is elevated or high, or unknown because of a fault.  That the
world model has nothing to compare its very first frames with is no such fault: it is warming up.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from road_clarity.pipeline.evidence.bundle import locked, numbers, sweep, write_bundle
from road_clarity.pipeline.evidence.clip import clip_bytes
from road_clarity.pipeline.evidence.event import (
    CLIP_MCAP,
    ERROR_MAP_PNG,
    EVENT_JSON,
    FRAME_PNG,
    OVERLAY_JPG,
    PROVENANCE,
    TENSORS,
    Event,
    EventConfig,
    read_event,
)
from road_clarity.pipeline.evidence.journal import deleted_numbers
from road_clarity.pipeline.evidence.moment import SEVERITY, Kept, Moment, packed
from road_clarity.pipeline.evidence.provenance import Origin
from road_clarity.pipeline.evidence.ring import SECOND_NS, FrameRing
from road_clarity.pipeline.evidence.store import Busy, Evidence
from road_clarity.pipeline.evidence.tensors import tensor_bytes
from road_clarity.pipeline.frame_row import SCORE_DIGITS, promise_row, reason_row, rounded
from road_clarity.pipeline.overlay import draw_overlay, heat_picture
from road_clarity.safety.event_table import is_fault
from road_clarity.safety.scene import Risk

__all__ = [
    "ERROR_MAP_PNG", "EVENT_JSON", "FRAME_PNG", "OVERLAY_JPG", "SEVERITY", "Event", "EventConfig",
    "EventRecorder", "Moment", "is_flagged", "read_events",
]  # fmt: skip

log = logging.getLogger(__name__)
Lost = Callable[[str, OSError], None]  # what was lost in words, and why


class EventRecorder:
    """Sees every frame in order, and stores an event when it and what followed are over.

    A disk that fails costs the event, never the drive: `lost` counts it.
    """

    def __init__(
        self,
        folder: Path,
        models: Mapping[str, str] | Origin,
        config: EventConfig | None = None,
        on_lost: Lost = lambda text, error: None,
    ) -> None:
        """folder: where event folders go; models: name -> sha256 of the weights in use."""
        self._folder = folder
        self._origin = models if isinstance(models, Origin) else Origin(models)
        self._config = config or EventConfig()
        self._ring = FrameRing(self._config)
        self._open: OpenEvent | None = None
        self._last: tuple[str, int] | None = None  # source and stamp of the last frame
        self._cut: str | None = None  # the event that the next one may go on from
        self._on_lost = on_lost
        self.lost = 0

    def see(self, moment: Moment, source: str) -> Event | None:
        """The event that this frame shows to be over, if any."""
        over = self.close() if self._is_elsewhere(moment, source) else None
        flagged = is_flagged(moment.risk)
        kept = self._ring.keep(moment, surely=flagged and self._is_worst(moment))
        if self._open and (self._open.is_over(moment, flagged) or self._open.is_full(flagged)):
            going_on = flagged and self._open.is_near(moment)
            over = self.close()
            self._cut = over.id if over and going_on else None
        if self._open:
            self._open.add(moment, kept, flagged)
        elif flagged:
            self._open = OpenEvent(moment, source, self._ring.frames(), self._config, self._cut)
            self._cut = None
        return over

    @property
    def under_way_ns(self) -> int | None:
        """Stamp at which the event began that is not over yet [ns]."""
        return None if self._open is None else self._open.first.scene.stamp_ns

    def close(self) -> Event | None:
        """Store the event that is not over yet, if any; None when it was lost as well."""
        self._cut = None
        if self._open is None:
            return None
        ended, self._open = self._open, None
        try:
            return self._store(ended)
        except OSError as error:
            self.lost += 1
            self._on_lost(f"the event at {ended.peak.scene.stamp_ns} ns could not be stored", error)
            return None

    def _is_elsewhere(self, moment: Moment, source: str) -> bool:
        """Whether another recording begins, or time jumped back."""
        before, self._last = self._last, (source, moment.scene.stamp_ns)
        elsewhere = before is not None and (
            before[0] != source or before[1] > moment.scene.stamp_ns
        )
        if elsewhere:
            self._ring.clear()
        return elsewhere

    def _is_worst(self, moment: Moment) -> bool:
        return self._open is None or moment.weight > self._open.peak.weight

    def _store(self, ended: OpenEvent) -> Event:
        with locked(self._folder):
            sweep(self._folder)
            taken = (*numbers(self._folder), *deleted_numbers(self._folder))
            event = ended.finished(max(taken, default=0) + 1, self._origin)
            write_bundle(self._folder, event.id, ended.files(event, self._origin))
        self._index()
        return event

    def _index(self) -> None:
        """Nothing is lost when this fails: whoever looks next brings the index up to date."""
        evidence = Evidence(self._folder)
        try:
            evidence.recover()
        except (Busy, OSError) as error:
            log.warning("the index of %s is behind: %s", self._folder, error)
        finally:
            evidence.close()  # an index that stays open would not survive its folder being moved


class OpenEvent:
    """An event that may still go on, or whose aftermath is still being kept."""

    def __init__(
        self, moment: Moment, source: str, before: list[Kept], config: EventConfig, cut: str | None
    ) -> None:
        """before: the frames up to this one; cut: the event that this one goes on from."""
        self.first = self.last = self.peak = moment
        self.source, self._config, self._cut = source, config, cut
        self._kept = before
        self._size = sum(one.size for one in before)  # [bytes]

    def add(self, moment: Moment, kept: Kept, flagged: bool) -> None:
        self._kept.append(kept)
        self._size += kept.size
        if flagged:
            self.last = moment
            if moment.weight > self.peak.weight:
                self.peak = moment

    def is_near(self, moment: Moment) -> bool:
        """Whether a flagged frame would belong to this event."""
        since_ns = moment.scene.stamp_ns - self.last.scene.stamp_ns
        return since_ns <= self._config.gap_s * SECOND_NS

    def is_over(self, moment: Moment, flagged: bool) -> bool:
        if flagged:
            return not self.is_near(moment)
        since_ns = moment.scene.stamp_ns - self.last.scene.stamp_ns
        return since_ns > max(self._config.gap_s, self._config.after_s) * SECOND_NS

    def is_full(self, flagged: bool) -> bool:
        lasted_ns = self.last.scene.stamp_ns - self.first.scene.stamp_ns
        long = flagged and lasted_ns >= self._config.longest_s * SECOND_NS
        return long or self._size >= self._config.most_mb * 1e6

    def finished(self, number: int, origin: Origin) -> Event:
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
            models={name: {"sha256": sha256} for name, sha256 in origin.models.items()},
            clip_start_ns=self._kept[0].stamp_ns,
            clip_end_ns=self._kept[-1].stamp_ns,
            continues=self._cut,
            promise=promise_row(risk.promise),
        )

    def files(self, event: Event, origin: Origin) -> dict[str, bytes]:
        """Everything that the bundle holds, by name."""
        frame, scene, risk = self.peak.frame, self.peak.scene, self.peak.risk
        calibration = None if scene.world is None else scene.world.calibration_id
        found = {
            FRAME_PNG: packed(frame.image, ".png"),
            OVERLAY_JPG: packed(draw_overlay(frame, scene, risk), ".jpg"),
            CLIP_MCAP: clip_bytes(self._kept),
            TENSORS: tensor_bytes(scene, self._kept),
            PROVENANCE: json_bytes(origin.said(calibration)),
            EVENT_JSON: json_bytes(asdict(event)),
        }
        if scene.world is not None:
            heat = heat_picture(frame.image, scene.world.error_map)
            found[ERROR_MAP_PNG] = packed(heat, ".png")
        return found


def is_flagged(risk: Risk) -> bool:
    if risk.level != "unknown":
        return risk.level != "nominal"
    return any(is_fault(reason.code) for reason in risk.reasons)


def json_bytes(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, indent=2, allow_nan=False).encode() + b"\n"


def read_events(folder: Path) -> list[Event]:
    """All stored events in the order in which they happened."""
    found = sorted(folder.glob(f"[0-9]*/{EVENT_JSON}"))
    return [read_event(path.parent) for path in found]
