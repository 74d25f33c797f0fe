"""The recipe of calm layers: `road-clarity train calm --networks '[rg_edge]' --weights FOLDER`.

What every layer of an autoencoder answers on calm frames goes into a file beside its weights, so
that a live service can tell damage of the network and objects unlike all that were seen.  Streets
of the simulator, whose road users are known; for the car's view real frames as well, of which the
first nine tenths of every clip are taken.  What stands where in real frames is not known: any part
of them as large as a road user counts as an ordinary object.
N frames, S side [px].
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.registry import build
from road_clarity.safety.calm_layers import calm_layers
from road_clarity.safety.scene import Box
from road_clarity.safety.settings import Checked, setting
from road_clarity.training.calm_streets import CALM_SEEDS, calm_streets, largest
from road_clarity.training.data_root import data_root
from road_clarity.training.publish import WEIGHTS, publish_calm
from road_clarity.training.world_batches import to_tensor
from road_clarity.training.world_clips import Clip, real_clips, shrink
from road_clarity.training.world_simulated import PX

COMMAND = "road-clarity train calm"
VIEWS = {"edge": "car", "pedestrian": "pedestrian"}  # by the end of the weights' names
REAL_FRAMES = 30  # of each clip, evenly spread over what was not kept for testing
PARTS = 3  # of each real frame that count as objects


@dataclass(frozen=True, kw_only=True)
class CalmConfig(Checked):
    networks: tuple[str, ...] = setting(
        ("vae_edge", "vae_pedestrian", "rg_edge", "rg_pedestrian"), "weights of autoencoders"
    )
    seed: int = setting(0, "of the parts of real frames that count as objects", low=0)
    weights: Path = setting(WEIGHTS, "folder in which they lie, and into which to publish")


CONFIG = CalmConfig


@dataclass(frozen=True, eq=False)
class CalmFrames:
    x: Tensor  # (N, 3, S, S)
    boxes: list[list[Box]]  # of each frame [px] of PX, one at least
    told: str  # which they are


def train(config: CalmConfig, out: Path | None = None) -> None:
    """Publishes a file for each network; nothing goes into `out`.  Raises BadInput for weights that
    cannot be used.
    """
    torch.set_num_threads(1)
    found: dict[tuple[str, int], CalmFrames] = {}
    for name in config.networks:
        network, card = healthy(name, config.weights)
        which = view_of(name), network.side
        if which not in found:
            found[which] = calm_frames(*which, config.seed)
        publish_layers(network, card, found[which], config.weights)


def publish_layers(network: Autoencoder, card: Card, frames: CalmFrames, folder: Path) -> None:
    layers = calm_layers(network, frames.x, frames.boxes, PX)
    publish_calm(card, layers.stored(), frames.told, f"{COMMAND} --networks [{card.name}]", folder)


def view_of(name: str) -> str:
    """Through whose eyes these weights see.  Raises BadInput."""
    parts = name.split("_")
    if len(parts) < 2 or parts[1] not in VIEWS:
        raise BadInput("networks", name, f"there are vae_ and rg_ with {', '.join(VIEWS)}")
    return VIEWS[parts[1]]


def healthy(name: str, folder: Path) -> tuple[Autoencoder, Card]:
    """As its card says.  Raises BadInput for what is not there or no autoencoder with layers."""
    path, described = folder / f"{name}.safetensors", folder / f"{name}.md"
    if not path.is_file() or not described.is_file():
        raise BadInput("networks", name, f"is not in {folder}; name its folder with --weights")
    card, content = Card.parse(described.read_text(), str(described)), path.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise BadInput("weights file", path, "is not what its card says; restore or publish it")
    network = build(card.architecture).eval()
    if not isinstance(network, Autoencoder) or card.architecture.startswith("pca"):
        raise BadInput("networks", name, "is no autoencoder with layers; take vae_ or rg_")
    network.load_state_dict({key: as_computed(values) for key, values in load(content).items()})
    return network.requires_grad_(False), card


def as_computed(values: Tensor) -> Tensor:
    return values.float() if values.is_floating_point() else values


def calm_frames(view: str, side: int, seed: int) -> CalmFrames:
    """Raises BadInput when the real clips of the car's view are not there."""
    clips = real_clips(data_root()) if view == "car" else []
    pictures, boxes = streets(view, side)
    told = f"simulated streets, seeds {CALM_SEEDS.start} to {CALM_SEEDS.stop - 1}: {len(boxes)}"
    if clips:
        real = torch.cat([to_tensor(evenly(clip), side) for clip in clips])
        told += f"; real clips without their last tenth: {len(real)}"
        parts = ordinary_parts(len(real), [one for some in boxes for one in some], seed)
        return CalmFrames(torch.cat([pictures, real]), boxes + parts, told)
    return CalmFrames(pictures, boxes, told)


def streets(view: str, side: int) -> tuple[Tensor, list[list[Box]]]:
    """(N, 3, S, S) with road users, and their boxes"""
    shots = [shot for street in calm_streets(view) for shot in street.shots]
    seen = [(shrink(shot.image, side), list(largest(shot.truth))) for shot in shots]
    kept = [(picture, boxes) for picture, boxes in seen if boxes]
    return to_tensor(np.stack([one for one, _ in kept]), side), [boxes for _, boxes in kept]


def evenly(clip: Clip) -> NDArray[np.uint8]:
    """At most REAL_FRAMES of those that were not kept for testing."""
    count = min(REAL_FRAMES, clip.middle)
    return np.asarray(clip.frames[np.linspace(0, clip.middle - 1, count).round().astype(int)])


def ordinary_parts(count: int, boxes: list[Box], seed: int) -> list[list[Box]]:
    """PARTS boxes for each of `count` frames, as large as some of `boxes`, anywhere [px of PX]."""
    chance = np.random.default_rng(seed)
    return [[moved(boxes[i], chance) for i in some] for some in
            chance.integers(len(boxes), size=(count, PARTS))]  # fmt: skip


def moved(box: Box, chance: np.random.Generator) -> Box:
    """To another place in the frame."""
    width, height = box[2] - box[0], box[3] - box[1]
    left, top = chance.uniform(0, PX[0] - width), chance.uniform(0, PX[1] - height)
    return float(left), float(top), float(left + width), float(top + height)
