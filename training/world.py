"""The recipe of the world model: `road-clarity train world --view car|pedestrian`.

For each autoencoder (principal components, transparent backbone, VAE): fit it, fit a memory on its
latents, tell both what calm is, publish them, and what the layers answer on calm frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.pca import Pca
from road_clarity.models.registry import build
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.safety.settings import Checked, setting
from road_clarity.training.data_root import data_root
from road_clarity.training.fit import BEST, fit
from road_clarity.training.publish import WEIGHTS, publish
from road_clarity.training.recipe import Net
from road_clarity.training.world_calibration import calibrate_lstm, calibrate_vae
from road_clarity.training.world_calm import CalmConfig
from road_clarity.training.world_calm import train as publish_calm_layers
from road_clarity.training.world_card import (
    Origin,
    autoencoder_card,
    memory_card,
    moving_metrics,
    still_metrics,
)
from road_clarity.training.world_clips import Clip, real_clips
from road_clarity.training.world_lstm import HEADS, MemoryConfig
from road_clarity.training.world_simulated import glimpses, simulated_clips
from road_clarity.training.world_vae import VaeConfig, VaeRecipe, clip_numbers, fitted_views

SIDES = (64, 128)
KINDS = ("pca", "rg", "vae")
LAYERED = ("rg", "vae")  # whose layers can be at fault
PLACES = {"car": "edge", "pedestrian": "pedestrian"}  # in the names of the weights
ARCHITECTURES = {"residual": "latent_lstm_256", "mixture": "latent_mdn_256"}


@dataclass(frozen=True, kw_only=True)
class WorldConfig(Checked):
    view: str = setting("car", "through whose eyes", among=tuple(PLACES))
    side: int = setting(64, "of the image, 64 or 128 [px]", low=64, high=128)
    seeds: int = setting(60, "that are learnt from, of every simulated story", low=1)
    streets: int = setting(0, "more that autoencoders learn from, a few moments of each", low=0)
    networks: tuple[str, ...] = setting(KINDS, "which to make, one after another")
    vae_steps: int = setting(5000, "steps of the VAE", low=1)
    vae_start: Path | None = setting(None, "weights of another VAE that it begins with")
    memory_steps: int = setting(500, "steps of each memory", low=1)
    head: str = setting("residual", "of the memories", among=tuple(HEADS))
    seed: int = setting(0, "of initial weights and batches", low=0)
    frames: Path | None = setting(None, "folder of rendered frames; below OUT when not given")
    weights: Path = setting(WEIGHTS, "folder to publish into")

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = set(self.networks) - set(KINDS)
        if unknown or not self.networks:
            raise BadInput("networks", list(self.networks), f"choose among {', '.join(KINDS)}")
        if self.side not in SIDES:
            raise BadInput("side", self.side, f"there are {SIDES}")

    def name(self, kind: str) -> str:
        """Of an autoencoder's weights."""
        return f"{kind}_{PLACES[self.view]}" + ("_128" if self.side == 128 else "")

    def memory_name(self, kind: str) -> str:
        """Of the weights of its memory."""
        return "lstm_" + self.name(kind).removeprefix("vae_")


CONFIG = WorldConfig


def train(config: WorldConfig, out: Path) -> None:
    """Publishes the best so far, continues where it stopped."""
    torch.set_num_threads(1)
    cache = config.frames or out / "frames"
    clips = simulated_clips(config.view, config.side, config.seeds, cache)
    clips += glimpses(config.view, config.side, config.streets, cache)
    if config.view == "car":
        clips = real_clips(data_root()) + clips
    for kind in config.networks:
        began = time.monotonic()
        autoencoder = MAKERS[kind](config, clips, out)
        calibrate_vae(autoencoder, clips)
        keep = partial(publish_pair, config, kind, autoencoder, clips, began)
        fit_memory(config, autoencoder, clips, out / f"{kind}_{config.head}", keep)


def linear(kind: str, config: WorldConfig, clips: list[Clip], out: Path) -> Autoencoder:
    """An autoencoder that is computed, not trained."""
    network = build(f"{kind}_{config.side}")
    assert isinstance(network, Pca | RgBackbone)
    views = fitted_views(clips, config.side)
    frames = torch.cat([view for some in views for view in some])
    if isinstance(network, RgBackbone):
        network.fit(frames, clip_numbers(views))
    else:
        network.fit(frames)
    return network.eval()


def trained(config: WorldConfig, clips: list[Clip], out: Path) -> Autoencoder:
    """The VAE that draws the checked frames best."""
    settings = VaeConfig(steps=config.vae_steps, seed=config.seed, start=config.vae_start)
    recipe = VaeRecipe(settings, clips, config.side)
    fit(recipe, out / "vae")
    return best(recipe.network, out / "vae")


MAKERS: dict[str, Callable[[WorldConfig, list[Clip], Path], Autoencoder]] = {
    "pca": partial(linear, "pca"),
    "rg": partial(linear, "rg"),
    "vae": trained,
}


def fit_memory(
    config: WorldConfig,
    autoencoder: Autoencoder,
    clips: list[Clip],
    out: Path,
    keep: Callable[[LatentLstm], None],
) -> None:
    settings = MemoryConfig(steps=config.memory_steps, seed=config.seed)
    recipe = HEADS[config.head](settings, autoencoder, clips)
    fit(recipe, out)
    keep(best(recipe.network, out))


def best(network: Net, out: Path) -> Net:
    """With the weights that scored best."""
    network.load_state_dict(load_file(out / BEST))
    return network.eval()


def publish_pair(
    config: WorldConfig,
    kind: str,
    autoencoder: Autoencoder,
    clips: list[Clip],
    began: float,
    memory: LatentLstm,
) -> None:
    """The memory is worth nothing without its autoencoder, so both are always written."""
    calibrate_lstm(autoencoder, memory, clips)
    names = config.name(kind), config.memory_name(kind)
    learnt = sum(clip.simulated and clip.split > 0 for clip in clips)
    seconds = time.monotonic() - began
    origin = Origin(config.view, config.seed, seconds, names[0], learnt)
    still, moving = still_metrics(autoencoder, clips), moving_metrics(autoencoder, memory, clips)
    for made, network in (
        (autoencoder_card(names[0], kind, config.side, origin, still), autoencoder),
        (memory_card(names[1], ARCHITECTURES[config.head], origin, moving), memory),
    ):
        publish(made, network.state_dict(), config.weights, network.stored)
    if kind in LAYERED:
        publish_calm_layers(CalmConfig(networks=names[:1], weights=config.weights))
