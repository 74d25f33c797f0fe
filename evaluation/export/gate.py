"""An export is put in place only after it answered real frames as torch does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from road_clarity.evaluation.export.drive import drive, usual_runtime
from road_clarity.evaluation.export.figures import departures
from road_clarity.evaluation.export.ledger import Ledger
from road_clarity.evaluation.export.race import race
from road_clarity.evaluation.export.report import REPORTS, parity_report, write_report
from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.entries import Entry, entries, examples
from road_clarity.pipeline.backends.exported import ExportKey
from road_clarity.pipeline.backends.graph import Flat, Graph, mount
from road_clarity.pipeline.backends.network import (
    open_graphs,
    release,
    torch_graphs,
    write_graph,
)
from road_clarity.pipeline.backends.runtime import TORCH, resolve_precision
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.run_folder import replace_folder

REFUSED = ".refused"  # ends the name of the folder that then holds nothing but the report

Outputs = Sequence[Tensor]
Judge = Callable[[Entry, Outputs, Outputs, Outputs], None]


@dataclass(frozen=True, eq=False)
class Recording:
    """Where the frames come from."""

    name: str
    frames: tuple[Frame, ...]


class Compared:
    """The reference's graph; whatever it is asked, the exported one is asked as well."""

    def __init__(self, reference: Graph, exported: Graph, entry: Entry, judge: Judge) -> None:
        self._reference, self._exported = reference, exported
        self._entry, self._judge = entry, judge
        self.runtime = reference.runtime

    def run(self, inputs: Outputs, explained: bool = False) -> tuple[Tensor, ...]:
        said = self._reference.run(inputs, explained=True)
        theirs = tuple(one.cpu() for one in self._exported.run(inputs, explained=True))
        self._judge(self._entry, inputs, said, theirs)
        return said if explained else said[: len(self._entry.outputs)]


def export(key: ExportKey, out: Path, recording: Recording, device: str = "cpu") -> dict[str, Any]:
    """Write the graphs, compare, and put them at out/<key> if they passed.

    Returns the parity report.  Raises BadInput.
    """
    network, card = weights.load(key.weights)
    with staged(out) as stage:
        for entry in entries(network):
            inputs = examples(network, entry, key.size)
            write_graph(key.backend, Flat(network, entry), inputs, stage / entry.method)
        graphs = open_graphs(network, stage, key.backend, key.precision, device)
        ledger, asked = compare(network, key, graphs, recording)
        speed = race(usual_graphs(key.weights, device), graphs, asked)
        report = parity_report(key, card, graphs, stage, recording.name, ledger, speed)
        write_report(stage, report)
        put_in_place(stage, key, out, report["passed"])
    return report


def usual_graphs(name: str, device: str) -> dict[str, Graph]:
    """How torch runs it where nothing is exported."""
    network, _ = weights.load(name, device)
    settings = replace(usual_runtime(network), backend=TORCH)
    return torch_graphs(network, resolve_precision(settings, device), device)


def compare(
    network: nn.Module, key: ExportKey, graphs: dict[str, Graph], recording: Recording
) -> tuple[Ledger, dict[str, list[Outputs]]]:
    """Drive the reference over the frames, the exported graphs beside it.  Raises BadInput.

    network: in torch, as the graphs were made of it
    Returns the differences, and all that each entry was asked.
    """
    ledger, exported = Ledger(), weights.load(key.weights)[0]
    asked: dict[str, list[Outputs]] = {}
    mount(exported, graphs)
    release(exported)

    def judge(entry: Entry, inputs: Outputs, said: Outputs, theirs: Outputs) -> None:
        ledger.note(departures(entry, network, exported, inputs, said, theirs))
        asked.setdefault(entry.method, []).append(inputs)

    seen = drive(network, key.weights, key.size)
    pairs = {
        entry.method: Compared(
            seen.network.graphs[entry.method], graphs[entry.method], entry, judge
        )
        for entry in entries(network)
    }
    seen.network.graphs.update(pairs)  # stages that explain ask these
    mount(seen.network.network, pairs)
    for frame in recording.frames:
        ledger.see(frame.index)
        seen.see(frame)
    if not ledger.calls:
        remedy = f"shows nothing that {key.weights} is asked about; name another with --frames"
        raise BadInput("recording", recording.name, remedy)
    return ledger, asked


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A folder on the way to `out` that vanishes unless it was moved on.  Raises BadInput."""
    out = out.absolute()
    nearest = next(one for one in (out, *out.parents) if one.exists())
    if not nearest.is_dir():
        raise BadInput("export folder", nearest, "is a file; name a folder with --out")
    stage = nearest / f".export.{os.getpid()}.partial"
    stage.mkdir()
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def place(key: ExportKey, out: Path, passed: bool) -> Path:
    """Where the export, or what is left of it, lies."""
    return out.absolute() / (key.folder if passed else key.folder + REFUSED)


def put_in_place(stage: Path, key: ExportKey, out: Path, passed: bool) -> None:
    """What passed replaces an earlier export; of what did not, only the report stays."""
    out.mkdir(parents=True, exist_ok=True)
    if not passed:
        for path in stage.iterdir():
            if path.name not in REPORTS:
                path.unlink()
    shutil.rmtree(place(key, out, passed=False), ignore_errors=True)
    replace_folder(stage, place(key, out, passed))
