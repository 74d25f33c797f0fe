"""Replay: recordings through the same pipeline as on the road, into one run folder.

No wall clock decides anything, it only measures: equal sources, weights and settings give equal
digests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from road_clarity.evaluation.filmstrip import Filmstrip
from road_clarity.evaluation.foxglove_log import FoxgloveLog
from road_clarity.evaluation.report import write_report
from road_clarity.evaluation.sources import Source
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.events import Event, EventRecorder, Moment
from road_clarity.pipeline.evidence.journal import carry_over
from road_clarity.pipeline.evidence.provenance import Origin, parameters_of
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import frame_row, promise_row
from road_clarity.pipeline.run_folder import EVENTS, MCAP, REPORT, RunFolder, read_rows, staged
from road_clarity.safety.calibration import alarm_parameters
from road_clarity.safety.scene import NO_PROMISE

if TYPE_CHECKING:
    from road_clarity.pipeline.perception import Outcome
    from road_clarity.pipeline.presets import PipelineConfig

SHOWN = ("stamp_ns", "risk", "anomaly")  # of every row in the report; an hour fits into memory
PAUSE_NS = 1_000_000_000  # between two recordings whose stamps would overlap


class Pipeline(Protocol):
    """What replay needs of pipeline.perception.Perception."""

    config: PipelineConfig

    @property
    def cards(self) -> Mapping[str, Card]: ...
    @property
    def runtimes(self) -> Mapping[str, Runtime]: ...
    def restart(self) -> None: ...
    def step(self, frame: Frame) -> Outcome: ...


def replay(
    sources: Sequence[Source],
    out: Path,
    pipeline: Pipeline,
    seen: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Run everything and leave the run folder at `out`; nothing is left when it fails.

    seen: called after every frame.  Returns what summary.json holds.  Raises BadInput.
    """
    with staged(out) as folder, Replay(folder, pipeline) as run:
        for source, frame in joined(sources, pipeline.restart):
            run.step(source, frame)
            seen()
        carry_over(out / EVENTS, folder / EVENTS)
        return run.finish()


def joined(
    sources: Sequence[Source], restart: Callable[[], None]
) -> Iterator[tuple[Source, Frame]]:
    """All frames, numbered through; a recording that would overlap the one before comes after."""
    index, end_ns = 0, None
    for source in sources:
        restart()
        shift_ns = 0
        for number, frame in enumerate(source.frames):
            if number == 0 and end_ns is not None and frame.stamp_ns <= end_ns:
                shift_ns = end_ns + PAUSE_NS - frame.stamp_ns
            frame = replace(frame, index=index, stamp_ns=frame.stamp_ns + shift_ns)
            yield source, frame
            index, end_ns = index + 1, frame.stamp_ns


class Replay:
    """One run being written: every frame goes to folder, log, events and filmstrip."""

    def __init__(self, folder: Path, pipeline: Pipeline) -> None:
        self._folder, self._pipeline = folder, pipeline
        self._run = RunFolder(folder)
        self._sha256 = {name: card.sha256 for name, card in pipeline.cards.items()}
        self._recorder = EventRecorder(
            self._run.events, origin_of(pipeline), pipeline.config.evidence, on_lost=give_up
        )
        self._filmstrip = Filmstrip()
        self._events: list[Event] = []
        self._promise = NO_PROMISE  # as it stands at the end
        self._parts: dict[str, list[int]] = {}  # source -> stamps of its frames
        self._latency: dict[str, list[float]] = {}
        self._open = ExitStack()
        self._log = self._open.enter_context(FoxgloveLog(folder / MCAP))
        self._open.callback(self._run.close)
        self._started = perf_counter()

    def __enter__(self) -> Replay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._open.close()

    def step(self, source: Source, frame: Frame) -> None:
        outcome = self._pipeline.step(frame)
        moment = Moment(frame, outcome.scene, outcome.risk)
        self._promise = outcome.risk.promise
        self._run.append(frame_row(outcome.scene, outcome.risk, outcome.latency_ms))
        self._log.add(moment)
        self._filmstrip.see(moment)
        self._keep(self._recorder.see(moment, source.name))
        self._parts.setdefault(source.name, []).append(frame.stamp_ns)
        for stage, milliseconds in outcome.latency_ms.items():
            self._latency.setdefault(stage, []).append(milliseconds)

    def finish(self) -> dict[str, Any]:
        """Close everything, write report and summary.  Raises BadInput when there was no frame."""
        seconds = perf_counter() - self._started
        if not self._parts:
            raise BadInput("source", "without frames", "give a recording that holds images")
        self._keep(self._recorder.close())
        self._open.close()
        summary = self._summary(seconds)
        rows = [{key: row[key] for key in SHOWN} for row in read_rows(self._folder)]
        report = self._folder / REPORT
        write_report(report, summary, rows, self._run.events, self._filmstrip, self._pipeline)
        self._run.finish(summary)
        return summary

    def _keep(self, event: Event | None) -> None:
        if event is not None:
            self._events.append(event)

    def _summary(self, seconds: float) -> dict[str, Any]:
        frames = sum(len(stamps) for stamps in self._parts.values())
        return {
            "frames": frames,
            "fps": round(frames / seconds, 1),
            "latency_ms": {stage: percentiles(ms) for stage, ms in self._latency.items()},
            "events": len(self._events),
            "flagged": [brief(event) for event in self._events],
            "sources": [
                {"name": name, "frames": len(ns), "start_ns": ns[0], "end_ns": ns[-1]}
                for name, ns in self._parts.items()
            ],
            "models": {
                name: {
                    "weights": f"{name}.safetensors",
                    "sha256": sha256,
                    **self._pipeline.runtimes[name].as_dict(),
                }
                for name, sha256 in self._sha256.items()
            },
            "parameters": alarm_parameters(self._pipeline.config.safety),
            "settings": parameters_of(self._pipeline.config),
            "promise": promise_row(self._promise),
            "digest": self._run.digest,
        }


def origin_of(pipeline: Pipeline) -> Origin:
    """What judges the frames of this run."""
    return Origin(
        {name: card.sha256 for name, card in pipeline.cards.items()},
        parameters_of(pipeline.config),
        {name: runtime.as_dict() for name, runtime in pipeline.runtimes.items()},
    )


def give_up(text: str, error: OSError) -> None:
    """On the road the drive goes on; a replay without its evidence is made again."""
    raise OSError(error.errno, f"{text}: {error.strerror}") from error


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}


def brief(event: Event) -> dict[str, Any]:
    """An event in a few words; the rest is in its folder."""
    return {
        "id": event.id,
        "source": event.source,
        "level": event.level,
        "score": event.score,
        "start_ns": event.start_ns,
        "end_ns": event.end_ns,
        "reasons": [{key: one[key] for key in ("code", "share", "text")} for one in event.reasons],
    }
