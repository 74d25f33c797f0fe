"""Networks of a preset, each in the first way that agrees with torch and beats it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from road_clarity.evaluation.export.drive import usual_runtime, usual_size
from road_clarity.evaluation.export.gate import Recording, export
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.entries import Size, input_size
from road_clarity.pipeline.backends.exported import WORTH_IT, ExportKey
from road_clarity.pipeline.backends.runtime import TORCH, RuntimeConfig, ways
from road_clarity.pipeline.presets import PipelineConfig


@dataclass(frozen=True)
class Wanted:
    """A network, how it may run, and at what size it looks."""

    weights: str
    settings: RuntimeConfig
    size: Size | None = None


def network_named(name: str, size: Size | None = None) -> Wanted:
    """As the stage that uses the weights runs it.  Raises BadInput."""
    network, _ = weights.load(name)
    wanted = size or usual_size(network, name)
    return Wanted(name, usual_runtime(network), input_size(network, wanted))


def networks_of(config: PipelineConfig) -> tuple[Wanted, ...]:
    """Those that a backend can take over."""
    seen, tracks, world = config.segmentation, config.tracks, config.world
    return (
        Wanted(config.lanes.weights, config.lanes),
        Wanted(seen.weights, seen, (seen.width, seen.height)),
        Wanted(tracks.weights, tracks),
        Wanted(tracks.finder, tracks),
        Wanted(world.vae, world),
        Wanted(world.lstm, world),
    )


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
        key = ExportKey(wanted.weights, way.backend, way.precision, wanted.size)
        report = export(key, out, recording, device)
        yield report
        if report["passed"] and report["speed"]["ratio"] >= WORTH_IT:
            return
