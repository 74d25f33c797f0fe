"""What a network sees of a recording: the stage that uses it runs over real frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.fastest_det import FastestDet
from road_clarity.models.ffnet import FFNet
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lorat import Lorat
from road_clarity.models.scnn import LaneHeads
from road_clarity.pipeline.backends.entries import Size
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.backends.runtime import RuntimeConfig
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneConfig, LaneStage
from road_clarity.pipeline.presets import PRESETS
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.pipeline.tracking import TrackerConfig, TrackStage
from road_clarity.pipeline.world import WorldConfig, WorldStage, pair_of

APART_NS = 200_000_000  # frames that follow at once would show the same again
SLACK_NS = 10_000_000


@dataclass(frozen=True, eq=False)
class Drive:
    """A stage on the reference backend, torch in float32 on the CPU."""

    network: Running  # the one that is exported
    see: Callable[[Frame], object]  # let the stage look at a frame


def drive(network: nn.Module, name: str, size: Size | None) -> Drive:
    """The stage that uses the weights of that name.  network: any copy.  Raises BadInput."""
    torch_fp32: dict[str, Any] = {"backend": "torch", "precision": "fp32"}
    if isinstance(network, LaneHeads):
        lanes = LaneStage(LaneConfig(weights=name, **torch_fp32), "cpu")
        return Drive(lanes.networks[0], lanes.run)
    if isinstance(network, FFNet) and size is not None:
        wanted = SegmentationConfig(weights=name, width=size[0], height=size[1], **torch_fp32)
        classes = SegmentationStage(wanted, "cpu")
        return Drive(classes.networks[0], classes.run)
    if isinstance(network, Lorat):
        tracks = TrackStage(TrackerConfig(weights=name, **torch_fp32), "cpu")
        return Drive(tracks.networks[0], tracks.run)
    if isinstance(network, FastestDet):
        tracks = TrackStage(TrackerConfig(finder=name, **torch_fp32), "cpu")
        return Drive(tracks.networks[1], tracks.run)
    autoencoder, memory = pair_of(name)
    world = WorldStage(WorldConfig(vae=autoencoder, lstm=memory, **torch_fp32), "cpu")
    return Drive(world.networks[isinstance(network, LatentLstm)], world.run)


def usual_runtime(network: nn.Module) -> RuntimeConfig:
    """The settings with which the stage that uses it ships."""
    of_world = isinstance(network, Autoencoder | LatentLstm)
    return WorldConfig() if of_world else RuntimeConfig()


def usual_size(network: nn.Module, name: str) -> Size | None:
    """At which size a preset uses these weights; None where the network has one size only."""
    if not isinstance(network, FFNet):
        return None
    used = [one.segmentation for one in PRESETS.values() if one.segmentation.weights == name]
    config = used[0] if used else SegmentationConfig()
    return config.width, config.height


def spread(frames: Iterable[Frame], count: int) -> Iterator[Frame]:
    """The first `count` frames that lie at least APART_NS apart."""
    taken, due_ns = 0, None
    for frame in frames:
        if due_ns is None or frame.stamp_ns >= due_ns:
            yield frame
            taken, due_ns = taken + 1, frame.stamp_ns + APART_NS - SLACK_NS
        if taken == count:
            return
