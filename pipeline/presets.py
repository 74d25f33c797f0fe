"""Presets: which networks at which size, as plain data, and how a single setting is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import yaml

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.backends.entries import Size
from road_clarity.pipeline.backends.runtime import RuntimeConfig
from road_clarity.pipeline.evidence.event import EventConfig
from road_clarity.pipeline.gate import GateConfig
from road_clarity.pipeline.lanes import LaneConfig
from road_clarity.pipeline.segmentation import SegmentationConfig
from road_clarity.pipeline.tracking import TrackerConfig
from road_clarity.pipeline.unknown import UnknownConfig
from road_clarity.pipeline.world import WorldConfig
from road_clarity.safety.config import SafetyConfig


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Every setting of the pipeline, by part."""

    gate: GateConfig = field(default_factory=GateConfig)
    lanes: LaneConfig = field(default_factory=LaneConfig)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    tracks: TrackerConfig = field(default_factory=TrackerConfig)
    world: WorldConfig = field(default_factory=WorldConfig)
    unknown: UnknownConfig = field(default_factory=UnknownConfig)
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    evidence: EventConfig = field(default_factory=EventConfig)


PRESETS: dict[str, PipelineConfig] = {
    # what two CPU cores or a small automotive GPU carry
    "edge": PipelineConfig(),
    # the published sizes; their weights must be imported first
    "paper": PipelineConfig(
        lanes=LaneConfig(weights="scnn_vgg16"),
        segmentation=SegmentationConfig(weights="ffnet_78s_dbbb", width=2048, height=1024),
        tracks=TrackerConfig(weights="lorat_b_224"),
        unknown=UnknownConfig(weights=""),
    ),
    # the edge networks with a single target, for tests
    "tiny": PipelineConfig(tracks=TrackerConfig(max_targets=1)),
}


def preset(name: str) -> PipelineConfig:
    """Raises BadInput for an unknown name."""
    if name not in PRESETS:
        raise BadInput("preset", name, f"use one of {', '.join(PRESETS)}")
    return PRESETS[name]


@dataclass(frozen=True)
class Wanted:
    """A network that a backend can take over, how it may run, and at what size it looks."""

    weights: str
    settings: RuntimeConfig
    size: Size | None = None


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


def weight_names(config: PipelineConfig) -> tuple[str, ...]:
    """All weights that it takes."""
    scorers = (config.unknown.weights,) if config.unknown.weights else ()
    return (*(one.weights for one in networks_of(config)), *scorers)


def override(config: PipelineConfig, settings: Sequence[str]) -> PipelineConfig:
    """Each of settings is 'part.field=value', such as 'safety.high=0.7'.  Raises BadInput."""
    for one in settings:
        path, found, text = one.partition("=")
        part_name, _, name = path.partition(".")
        part: Any = getattr(config, part_name, None)
        known = {f.name for f in fields(part)} if part is not None else set()
        if not found or name not in known:
            raise BadInput("setting", one, "write part.field=value; " + choices(config, part_name))
        value = parse(one, text, getattr(part, name))
        changed: dict[str, Any] = {part_name: replace(part, **{name: value})}
        config = replace(config, **changed)
    return config


def choices(config: PipelineConfig, part_name: str) -> str:
    part = getattr(config, part_name, None)
    if part is None:
        return "parts are " + ", ".join(f.name for f in fields(config))
    return f"fields of {part_name} are " + ", ".join(f.name for f in fields(part))


def parse(setting: str, text: str, default: Any) -> Any:
    """text as a value of the default's type.  Raises BadInput."""
    value = yaml.safe_load(text) if text else ""
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise BadInput("setting", setting, f"must be a {type(default).__name__} such as {default}")
    return value
