"""What every worker does, whoever runs it: one pipeline, kept warm, and one unit after another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from road_clarity.evaluation.units.config import WorkConfig
from road_clarity.evaluation.units.unit import Unit
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.presets import PipelineConfig

# Read by libraries as they are loaded, so that they must stand before the worker begins.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
Seen = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What stays the same for all units.  Can be pickled."""

    config: PipelineConfig
    device: str
    work: WorkConfig
    units: Path  # folder of the unit folders
    machine: dict[str, Any]  # what the keys of the units say of the machine


class WorkerLost(Exception):
    """The worker broke down; another one may do better."""


class UnitFailed(Exception):
    """The unit cannot be replayed, by whomever."""


class Worker(Protocol):
    """One unit at a time."""

    def run(self, unit: Unit, seen: Seen) -> None:
        """Leaves the unit's folder.  Raises WorkerLost, UnitFailed."""

    def close(self) -> None:
        """At once, whatever it is doing."""


class Replayer:
    """Lives in the worker's process."""

    def __init__(self, job: Job) -> None:
        """Loads the networks.  Raises BadInput, also where results could not be the same."""
        from road_clarity.evaluation.units.content_key import machine
        from road_clarity.pipeline.cores import use_threads
        from road_clarity.pipeline.perception import Perception

        use_threads(job.work.threads)
        here = machine(job.device, threads_found())
        if here != job.machine:
            off = ", ".join(name for name in here if here[name] != job.machine.get(name))
            remedy = f"differ from where the run was started ({off}); use machines that are alike"
            raise BadInput("worker", os.uname().nodename, remedy)
        self._job = job
        self._pipeline = Perception(job.config, job.device, job.work.threads)

    def run(self, unit: Unit, seen: Seen = lambda: None) -> None:
        """Raises BadInput for the recording; anything else is the worker's fault."""
        from road_clarity.evaluation.units.unit_folder import made
        from road_clarity.evaluation.units.unit_run import run_unit

        with made(self._job.units / unit.key) as folder:
            run_unit(unit.frames(), unit.source, self._pipeline, folder, unit.key, seen)


def threads_found() -> int | list[int]:
    """As the libraries say it; a list where they do not agree."""
    import cv2
    import torch

    told = {torch.get_num_threads(), cv2.getNumThreads()}
    told |= {int(os.environ.get("OMP_NUM_THREADS", 0))}  # what numpy's BLAS was loaded with
    return told.pop() if len(told) == 1 else sorted(told)


def in_words(error: BaseException) -> str:
    """One line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, BadInput) else f"{type(error).__name__}: {text}"
