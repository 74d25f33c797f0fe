"""What a finished run was judged with: every setting, and the weights by their sha256."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.event import PROVENANCE, event_folders
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.run_clips import made_with, summary_of
from road_clarity.pipeline.run_folder import EVENTS, SUMMARY

SHOWN = 8  # digits of a sha256 in a sentence


@dataclass(frozen=True)
class RunSettings:
    config: PipelineConfig
    models: Mapping[str, str]  # name -> sha256 of the weights
    runtimes: Mapping[str, str]  # name -> backend and precision that ran them
    digest: str  # of the run's frames


def settings_of(run: Path) -> RunSettings:
    """Raises BadInput for a run that is not finished, or does not say."""
    summary = summary_of(run)
    models, _ = made_with(run)
    said = summary.get("settings") or of_an_event(run)
    if not said:
        remedy = f"neither {SUMMARY} nor an event says all its settings; replay it again"
        raise BadInput("run folder", run, remedy)
    runtimes = {
        name: f"{one['backend']} {one['precision']}"
        for name, one in summary["models"].items()
        if {"backend", "precision"} <= one.keys()
    }
    return RunSettings(config_of(said), models, runtimes, str(summary.get("digest", "")))


def of_an_event(run: Path) -> dict[str, Any]:
    """Runs that were made before the summary told them have them beside their events."""
    for name in event_folders(run / EVENTS):
        try:
            return dict(json.loads((run / EVENTS / name / PROVENANCE).read_bytes())["parameters"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


def config_of(said: Mapping[str, Any]) -> PipelineConfig:
    """The inverse of evidence.provenance.parameters_of.

    A setting that is newer than the run has its default.  Raises BadInput.
    """
    standard = PipelineConfig()
    parts = {part.name: type(getattr(standard, part.name)) for part in fields(standard)}
    try:
        return PipelineConfig(**{name: parts[name](**value) for name, value in said.items()})
    except (KeyError, TypeError, AttributeError) as error:
        remedy = f"its settings are of another version ({error}); replay it again"
        raise BadInput("run folder", "unreadable", remedy) from error


def run_otherwise(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Networks that something else runs now, in words; of what the run does not say, nothing."""
    return [
        f"{name} ran on {then[name]}, runs on {now[name]}"
        for name in sorted(then.keys() & now.keys())
        if then[name] != now[name]
    ]


def other_weights(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is not the same, in words; empty: nothing."""
    return [
        f"{name} was {then.get(name, 'none')[:SHOWN]}, is {now.get(name, 'none')[:SHOWN]}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
