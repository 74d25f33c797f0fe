"""Evidence on the road: every judged image goes to the event recorder, in a thread of its own.

Nothing here waits: an image for which there is no room is skipped and counted, and a disk that
fails costs the event, which is counted and said, never the drive.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Full, Queue
from typing import Any

from road_clarity.nodes.assembly import PartMemory, without_late
from road_clarity.nodes.under_way import UnderWay
from road_clarity.pipeline.events import Event, EventRecorder, Moment
from road_clarity.pipeline.evidence.event import EventConfig
from road_clarity.pipeline.evidence.provenance import Origin
from road_clarity.pipeline.evidence.retention import RetentionConfig
from road_clarity.pipeline.evidence.store import Busy, Evidence
from road_clarity.pipeline.frame import Frame
from road_clarity.safety.scene import Risk
from road_clarity.safety.settings import setting
from road_clarity.safety.watch import without_unreadable

WAITING_FRAMES = 16  # until their risk is known
WAITING_MOMENTS = 32  # until they are packed and, now and then, an event is stored
CLOSE_S = 10.0  # how long the last event may take to be stored


@dataclass(frozen=True, kw_only=True)
class LiveEvidenceConfig(EventConfig, RetentionConfig):
    """Where events are stored, how much of each, and how much in all."""

    folder: str = setting("", "folder for evidence of flagged events; empty stores none")


class EvidenceKeeper:
    """Hears frames, parts and risks of one camera.  Any thread may tell it."""

    def __init__(self, said: Callable[[str], None]) -> None:
        """said: is told in words what was lost, and why"""
        self._said = said
        self._lock = threading.Lock()
        self._frames: deque[Frame] = deque(maxlen=WAITING_FRAMES)
        self._parts = PartMemory()
        self._moments: Queue[Moment | None] = Queue(WAITING_MOMENTS)
        self._thread: threading.Thread | None = None
        self.stored = self.lost = self.skipped = 0

    def open(self, config: LiveEvidenceConfig, source: str, origin: Callable[[], Origin]) -> None:
        """Begin; without a folder, do nothing.  origin: asked at the first image."""
        if config.folder:
            work = (config, source, origin)
            self._thread = threading.Thread(
                target=self._run, args=work, name="evidence", daemon=True
            )
            self._thread.start()

    def close(self) -> bool:
        """Store what is not over yet, and end.  False when the disk hangs."""
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        try:
            self._moments.put(None, timeout=CLOSE_S)
        except Full:
            return False
        thread.join(CLOSE_S)
        return not thread.is_alive()

    def see_frame(self, frame: Frame) -> None:
        if self._thread is not None:
            with self._lock:
                self._frames.append(frame)

    def listener(self, name: str) -> Callable[[Any, Any], None]:
        """What a stage node tells its results of kind `name` to."""

        def hear(sight: Any, part: Any) -> None:
            if part is not None and self._thread is not None:
                with self._lock:
                    self._parts.add(name, part)

        return hear

    def see_risk(self, risk: Risk) -> None:
        """The verdict on one of the frames; one that speaks of a frame again is passed over."""
        moment = None if self._thread is None else self._moment(risk)
        if moment is None:
            return
        try:
            self._moments.put_nowait(moment)
        except Full:
            self.skipped += 1

    def values(self) -> dict[str, str]:
        """For the diagnostics."""
        if self._thread is None:
            return {"evidence": "is not stored"}
        return {
            "events stored": str(self.stored),
            "events lost": str(self.lost),
            "images missing in evidence": str(self.skipped),
        }

    def _moment(self, risk: Risk) -> Moment | None:
        with self._lock:
            if all(one.stamp_ns != risk.stamp_ns for one in self._frames):
                return None
            while (frame := self._frames.popleft()).stamp_ns != risk.stamp_ns:
                pass  # images that nobody judged
            scene = self._parts.scene(frame.index, frame.stamp_ns, frame.size, ())
        readable, _ = without_unreadable(without_late(scene))
        return Moment(frame, readable, risk)

    # In the thread --------------------------------------------------------------------------------

    def _run(self, config: LiveEvidenceConfig, source: str, origin: Callable[[], Origin]) -> None:
        recorder: EventRecorder | None = None
        under_way = UnderWay(Path(config.folder), source)
        if (began_ns := under_way.left_over()) is not None:
            text = f"the event at {began_ns} ns was under way when its process ended; it is lost"
            self._on_lost(text)
        while (moment := self._moments.get()) is not None:
            try:
                if recorder is None:
                    recorder = EventRecorder(
                        Path(config.folder), origin(), config, on_lost=self._on_lost
                    )
                self._note(recorder.see(moment, source), config)
                under_way.note(recorder.under_way_ns)
            except Exception as error:  # a picture that cannot be packed must not end the evidence
                self._on_lost("an image could not be kept", error)
        if recorder is not None:
            self._note(recorder.close(), config)
        under_way.note(None)

    def _note(self, event: Event | None, config: LiveEvidenceConfig) -> None:
        """Something was stored: make room for the next."""
        if event is None:
            return
        self.stored += 1
        evidence = Evidence(Path(config.folder))
        try:
            evidence.prune(config)
        except (Busy, OSError) as error:
            self._said(f"old evidence could not be deleted: {error}")
        finally:
            evidence.close()

    def _on_lost(self, text: str, error: Exception | None = None) -> None:
        self.lost += 1
        self._said(text if error is None else f"{text}: {error}")
