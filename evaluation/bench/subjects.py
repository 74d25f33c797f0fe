"""What is measured: a network as the pipeline asks it, and a made-up input of its size.

Weights hardly change how long a network takes: where none are there, random ones do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lorat import Lorat
from road_clarity.models.registry import BUILDERS, build
from road_clarity.models.scnn import LaneHeads
from road_clarity.models.vae import IMAGE_SIZE, LATENT_SIZE, Vae
from road_clarity.models.vit import PATCH
from road_clarity.pipeline import weights
from road_clarity.pipeline.segmentation import SegmentationConfig

RANDOM = "random"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network in eval mode, and what it is asked."""

    name: str
    weights: str  # the first digits of their sha256, or RANDOM
    network: nn.Module
    inputs: tuple[Tensor, ...]

    @property
    def size(self) -> str:
        """Width x height of the images it sees; of a latent, its width."""
        seen = [x.shape for x in self.inputs if x.is_floating_point()]
        return " + ".join("x".join(str(n) for n in shape[:1:-1]) for shape in seen)


class Redrawing(nn.Module):
    """What the pipeline asks the autoencoder.  (B, 3, 64, 64) -> same"""

    def __init__(self, vae: Vae) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, image: Tensor) -> Tensor:
        return self.vae.reconstruct(image)


def subject(name: str) -> Subject:
    """The weights of that name, or the architecture with random ones.  Raises BadInput."""
    torch.manual_seed(0)
    if name in weights.names():
        network, card = weights.load(name)
        architecture, origin = card.architecture, card.sha256[:12]
    elif name in BUILDERS:
        network, architecture, origin = build(name).eval(), name, RANDOM
    else:
        known = ", ".join([*weights.names(), *sorted(BUILDERS)])
        raise BadInput("model", name, f"neither weights nor an architecture; there are {known}")
    inputs = made_up_input(network, architecture)
    return Subject(
        name, origin, Redrawing(network) if isinstance(network, Vae) else network, inputs
    )


def made_up_input(network: nn.Module, architecture: str) -> tuple[Tensor, ...]:
    """Normalised noise of the size that the network is run at."""
    if isinstance(network, Lorat):
        template, search = network.regions.template_px, network.regions.search_px
        mask = torch.ones(1, template // PATCH, template // PATCH, dtype=torch.long)
        return torch.randn(1, 3, template, template), torch.randn(1, 3, search, search), mask
    if isinstance(network, LatentLstm):
        return (torch.randn(1, 1, LATENT_SIZE),)
    if isinstance(network, Vae):
        return (torch.rand(1, 3, IMAGE_SIZE, IMAGE_SIZE),)
    size = network.input_size if isinstance(network, LaneHeads) else segmentation_size(architecture)
    return (torch.randn(1, 3, *size),)


def segmentation_size(architecture: str) -> tuple[int, int]:
    """(rows, columns) that a member of FFNet sees: ours the preset's, `d` members twice as many."""
    if architecture == "ffnet_22xs_eee":
        config = SegmentationConfig()
        return config.height, config.width
    return (1024, 2048) if "_d" in architecture else (512, 1024)
