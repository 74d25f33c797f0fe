"""Networks of a preset, each in the first way that agrees with torch and is better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from road_clarity.evaluation.export.drive import usual_runtime, usual_size
from road_clarity.evaluation.export.gate import Recording, export
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.entries import Size, input_size
from road_clarity.pipeline.backends.exported import key_of, worth_it
from road_clarity.pipeline.backends.runtime import TORCH, ways
from road_clarity.pipeline.presets import Wanted


def network_named(name: str, size: Size | None = None) -> Wanted:
    """As the stage that uses the weights runs it.  Raises BadInput."""
    network, _ = weights.load(name)
    wanted = size or usual_size(network, name)
    return Wanted(name, usual_runtime(network), input_size(network, wanted))


def with_settings(wanted: Wanted, backend: str, precision: str | None) -> Wanted:
    """precision: None for the stage's own.  Raises BadInput."""
    settings = replace(wanted.settings, backend=backend)
    return replace(wanted, settings=replace(settings, precision=precision or settings.precision))


def exports(
    wanted: Wanted, out: Path, recording: Recording, device: str
) -> Iterator[dict[str, Any]]:
    """The parity report of every way that was tried, up to one that is worth it.

    Raises BadInput.
    """
    for way in ways(wanted.settings, device):
        if way.backend == TORCH:
            return
        report = export(key_of(wanted.weights, way, wanted.size), out, recording, device)
        yield report
        if report["passed"] and worth_it(report):
            return
