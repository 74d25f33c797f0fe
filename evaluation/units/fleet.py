"""A whole replay: plan the units, have them done by workers, put them together.

Units that are finished stay below a folder of their own, so that a run which was stopped or killed
goes on where it was, and one that shares units with an earlier run does not compute them again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from road_clarity.evaluation.units.config import RAY, WorkConfig
from road_clarity.evaluation.units.content_key import machine, origin_of_results
from road_clarity.evaluation.units.crew import Crew, Failure, Hire
from road_clarity.evaluation.units.local_worker import LocalWorker
from road_clarity.evaluation.units.merge import Merge, Part
from road_clarity.evaluation.units.plan import plan
from road_clarity.evaluation.units.ray_worker import RayWorker, cluster
from road_clarity.evaluation.units.unit import Reading, Unit
from road_clarity.evaluation.units.unit_folder import Said, finished, sweep
from road_clarity.evaluation.units.worker import Job, Seen
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.evidence.bundle import locked
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.run_folder import staged
from road_clarity.pipeline.weights import read_card

Summary = dict[str, Any]
Verdicts = Callable[[Path, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be replayed, and with what."""

    config: PipelineConfig
    device: str  # cpu or cuda
    reading: Reading
    work: WorkConfig
    cache: Path | None = None  # where units stay; None: beside the run, until it is complete
    verdicts: Verdicts = lambda run, summary: {}  # further entries of a run's summary


@dataclass(frozen=True, kw_only=True)
class Judges:
    """The pipeline as a report tells of it, without its networks."""

    config: PipelineConfig
    cards: Mapping[str, Card]
    runtimes: Mapping[str, Runtime]


def replay_units(
    runs: Mapping[Path, Sequence[Path]], order: Order, seen: Seen = lambda: None
) -> dict[Path, Summary]:
    """Leave a folder for every run; what their summary.json hold, which name units that failed.

    runs: run folder -> its recordings.  A run of which no unit could be replayed is left out.
    Units that failed are tried again when the same run is started again, and no others.
    Raises BadInput when that is true of all of them.
    """
    origin = origin_of_results(order.config, order.device, order.work.threads)
    plans = {out: plan(paths, order.reading, order.work, origin) for out, paths in runs.items()}
    with units_folder(next(iter(runs)), order.cache) as folder:
        summaries = Fleet(plans, folder, order).run(seen)
        complete = len(summaries) == len(runs) and not any(map(has_failed, summaries.values()))
        if order.cache is None and complete:
            for unit in {unit.key for plan in plans.values() for unit in plan}:
                shutil.rmtree(folder / unit)
        return summaries


class Fleet:
    """Units that lie in one folder, on their way from plan to runs."""

    def __init__(self, plans: Mapping[Path, list[Unit]], folder: Path, order: Order) -> None:
        self._plans, self._folder, self._order = plans, folder, order
        self._machine = machine(order.device, order.work.threads)
        self._started = perf_counter()

    def run(self, seen: Seen) -> dict[Path, Summary]:
        units = {unit.key: unit for plan in self._plans.values() for unit in plan}
        there = {key for key in units if self._said(key)}
        for key in there:
            for _ in range((self._said(key) or {})["frames"]):
                seen()
        failures = self._work([unit for key, unit in units.items() if key not in there], seen)
        if failures and len(failures) == len(units):
            raise all_failed(failures)
        found = {out: self._merged(out, plan, there, failures) for out, plan in self._plans.items()}
        return {out: summary for out, summary in found.items() if summary is not None}

    def _said(self, key: str) -> Said | None:
        return finished(self._folder / key, key)

    def _work(self, units: list[Unit], seen: Seen) -> list[Failure]:
        if not units:
            return []
        work, order = self._order.work, self._order
        job = Job(
            config=order.config, device=order.device, work=work, units=self._folder,
            machine=self._machine,
        )  # fmt: skip
        place: AbstractContextManager[None] = nullcontext()
        hire: Hire = lambda: LocalWorker(job)  # noqa: E731
        if work.executor == RAY:
            place, hire = cluster(work), lambda: RayWorker(job)
        with place, Crew(hire, work.jobs, work.attempts) as crew:
            return crew.work(units, seen)

    def _merged(
        self, out: Path, plan: list[Unit], there: set[str], failures: Sequence[Failure]
    ) -> Summary | None:
        failed = {one.unit.key: one for one in failures}
        parts = [
            Part(one.recording, one.source, one.name, self._folder / one.key, said)
            for one in plan
            if one.key not in failed and (said := self._said(one.key))
        ]
        if not parts:
            return None
        told = {
            "shard_s": self._order.work.shard_s,
            "lead_s": self._order.work.lead_s,
            "threads": self._order.work.threads,
            "executor": self._order.work.executor,
            "jobs": self._order.work.jobs,
            "machine": self._machine,
            "reused": sum(one.key in there for one in plan),
            "failed": [
                {"unit": one.name, "error": failed[one.key].error,
                 "attempts": failed[one.key].attempts}
                for one in plan if one.key in failed
            ],
        }  # fmt: skip
        with staged(out) as folder:
            judges = judges_of(self._order.config, parts[0].said)
            merge = Merge(parts, folder, judges)
            summary = merge.write(told, out)
            summary["work"]["seconds"] = round(perf_counter() - self._started, 3)
            summary |= self._order.verdicts(folder, summary)
            merge.finish(summary)
            return summary


def judges_of(config: PipelineConfig, said: Said) -> Judges:
    """From what a unit says of its networks; the cards are those its key was made of."""
    runtimes = {
        name: Runtime(**{key: one[key] for key in ("backend", "version", "precision", "provider")})
        for name, one in said["models"].items()
    }
    return Judges(config=config, cards={name: read_card(name) for name in runtimes},
                  runtimes=runtimes)  # fmt: skip


def units_place(out: Path, cache: Path | None) -> Path:
    """out: the first run folder"""
    out = out.absolute()
    return out.parent / f".{out.name}.units" if cache is None else cache.absolute()


@contextmanager
def units_folder(out: Path, cache: Path | None) -> Iterator[Path]:
    """Where the units lie, for this run alone.  Beside the run, it stays while units are in it.

    Raises BadInput when another run is at work there.
    """
    folder = units_place(out, cache)
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder, wait_s=0.5))
        except BlockingIOError as error:
            remedy = "is in use by another run; wait for it or name another one with --cache"
            raise BadInput("unit folder", folder, remedy) from error
        sweep(folder)
        try:
            yield folder
        finally:
            if cache is None and not any(map(is_unit, folder.iterdir())):
                shutil.rmtree(folder)


def has_failed(summary: Mapping[str, Any]) -> bool:
    return bool(summary["work"]["failed"])


def is_unit(path: Path) -> bool:
    return finished(path, path.name) is not None


def all_failed(failures: Sequence[Failure]) -> BadInput:
    first = failures[0]
    told = first.error if first.attempts == 1 else f"{first.error} ({first.attempts} attempts)"
    count = "" if len(failures) == 1 else f"nor could any other of {len(failures)} units; "
    return BadInput("replay of", first.unit.name, f"{count}{told}")
