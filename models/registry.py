"""Which networks exist.  A name stands for one architecture; its sizes stand in its file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from road_clarity.models.dinov2 import NAMES as DINOV2
from road_clarity.models.dinov2 import Dinov2
from road_clarity.models.errors import BadInput
from road_clarity.models.fastest_det import FastestDet
from road_clarity.models.ffnet import EDGE, PUBLISHED, build_ffnet
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.latent_mdn import LatentMdn
from road_clarity.models.lorat import REGIONS, SIZES, build_lorat
from road_clarity.models.pca import Pca
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.models.scene_novelty import SceneNovelty
from road_clarity.models.scnn import ScnnLite0, ScnnVgg16
from road_clarity.models.scnn_pad import ScnnVgg16Pad
from road_clarity.models.vae import Vae

# name -> builder of the untrained network
BUILDERS: dict[str, Callable[[], nn.Module]] = {
    "fastest_det": FastestDet,
    **{name: partial(build_ffnet, name, classes=11) for name in EDGE},
    **{name: partial(build_ffnet, name) for name in PUBLISHED},
    "scnn_lite0": ScnnLite0,
    "scnn_vgg16": ScnnVgg16,
    "scnn_vgg16_pad": ScnnVgg16Pad,
    "vae_64": Vae,
    "vae_128": partial(Vae, side=128),
    "rg_64": RgBackbone,
    "rg_128": partial(RgBackbone, side=128),
    "pca_64": Pca,
    "latent_lstm_256": LatentLstm,
    "latent_mdn_256": LatentMdn,
    "scene_novelty": SceneNovelty,
    **{name: partial(Dinov2, SIZES[size]) for name, size in DINOV2.items()},
    **{
        name: partial(build_lorat, name)
        for name in (f"lorat_{size}_{region}" for size in SIZES for region in REGIONS)
    },
}


def build(architecture: str) -> nn.Module:
    """The untrained network of that name.  Raises BadInput for an unknown one."""
    if architecture.startswith("ffnet_") and architecture not in BUILDERS:
        return build_ffnet(architecture)  # a member without published weights
    if architecture not in BUILDERS:
        raise BadInput("architecture", architecture, f"use one of {', '.join(sorted(BUILDERS))}")
    return BUILDERS[architecture]()
