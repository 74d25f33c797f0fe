"""One unit through the pipeline, frame by frame, into its folder."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, process_time

from road_clarity.evaluation.filmstrip import Filmstrip, Still
from road_clarity.evaluation.foxglove_log import FoxgloveLog
from road_clarity.evaluation.replay_pipeline import Described, Pipeline, origin_of
from road_clarity.evaluation.units.unit import LEAD
from road_clarity.evaluation.units.unit_folder import STILLS, Said, seal
from road_clarity.pipeline.events import EventRecorder, Moment
from road_clarity.pipeline.evidence.provenance import parameters_of
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import frame_row, promise_row
from road_clarity.pipeline.run_folder import MCAP, RunFolder
from road_clarity.safety.calibration import alarm_parameters
from road_clarity.safety.scene import NO_PROMISE


def run_unit(
    frames: Iterable[Frame],
    source: str,
    pipeline: Pipeline,
    folder: Path,
    key: str = "",
    seen: Callable[[], None] = lambda: None,
) -> Said:
    """Replay the frames afresh and leave all of the unit's files in a folder that exists.

    Frames that are numbered LEAD warm the pipeline up and leave nothing behind.
    seen: called after every frame.  Raises BadInput where the recording breaks off, OSError.
    """
    started, started_cpu = perf_counter(), process_time()
    promise, stamps = NO_PROMISE, list[int]()
    run, strip = RunFolder(folder), Filmstrip()
    recorder = EventRecorder(
        run.events, origin_of(pipeline), pipeline.config.evidence, on_lost=give_up
    )
    pipeline.restart()
    with ExitStack() as open_files:
        open_files.callback(run.close)
        log = open_files.enter_context(FoxgloveLog(folder / MCAP))
        for frame in frames:
            outcome = pipeline.step(frame)
            if frame.index == LEAD:
                continue
            moment = Moment(frame, outcome.scene, outcome.risk)
            promise = outcome.risk.promise
            run.append(frame_row(outcome.scene, outcome.risk, outcome.latency_ms))
            log.add(moment)
            strip.see(moment)
            recorder.see(moment, source)
            stamps.append(frame.stamp_ns)
            seen()
        recorder.close()
    write_stills(folder / STILLS, strip.all())
    said = {
        "key": key,
        "digest": run.digest,
        "frames": len(stamps),
        "start_ns": stamps[0] if stamps else None,
        "end_ns": stamps[-1] if stamps else None,
        "seconds": round(perf_counter() - started, 3),
        "cpu_s": round(process_time() - started_cpu, 3),  # what it costs, however busy the machine
        "promise": promise_row(promise),
        **judged_by(pipeline),
    }
    seal(folder, said)
    return said


def judged_by(pipeline: Described) -> Said:
    """Its weights and what runs them, and the settings that the points depend on."""
    models = {
        name: {"weights": f"{name}.safetensors", "sha256": card.sha256}
        | pipeline.runtimes[name].as_dict()
        for name, card in pipeline.cards.items()
    }
    return {
        "models": models,
        "parameters": alarm_parameters(pipeline.config.safety),
        "settings": parameters_of(pipeline.config),
    }


def give_up(text: str, error: OSError) -> None:
    """On the road the drive goes on; a replay without its evidence is made again."""
    raise OSError(error.errno, f"{text}: {error.strerror}") from error


def write_stills(path: Path, stills: Iterable[Still]) -> None:
    told = [
        {
            "index": one.index,
            "stamp_ns": one.stamp_ns,
            "level": one.level,
            "jpeg": b64encode(one.jpeg).decode(),
        }
        for one in stills
    ]
    path.write_text(json.dumps(told))
