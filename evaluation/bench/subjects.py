"""What is measured: one function of a network as the pipeline asks it, and an input of its size.

Weights hardly change how long a network takes: where none are there, random ones do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import EDGE, FFNet
from road_clarity.models.registry import BUILDERS, build
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.entries import ENTRIES, Entry, Size, entries, examples
from road_clarity.pipeline.segmentation import SegmentationConfig

RANDOM = "random"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network in eval mode, which of its functions, and what it is asked."""

    model: str  # weights or architecture
    weights: str  # the first digits of their sha256, or RANDOM
    network: nn.Module
    entry: Entry
    inputs: tuple[Tensor, ...]

    @property
    def name(self) -> str:
        method = self.entry.method
        return self.model if method == "forward" else f"{self.model}.{method}"

    @property
    def size(self) -> str:
        """Width x height of the images it sees; of a latent, its width."""
        seen = [x.shape for x in self.inputs if x.is_floating_point()]
        return " + ".join("x".join(str(n) for n in shape[:1:-1] or shape[1:]) for shape in seen)


def require_known(model: str) -> None:
    """Raises BadInput for what is neither weights nor an architecture."""
    if model not in weights.names() and model not in BUILDERS:
        known = ", ".join([*weights.names(), *sorted(BUILDERS)])
        raise BadInput("model", model, f"neither weights nor an architecture; there are {known}")


def subjects(model: str) -> list[Subject]:
    """The functions of the weights of that name, or of the architecture with random weights.

    Raises BadInput for a network that is only trained from.
    """
    torch.manual_seed(0)
    if model in weights.names():
        network, card = weights.load(model)
        architecture, origin = card.architecture, card.sha256[:12]
    else:
        network, architecture, origin = build(model).eval(), model, RANDOM
    if not isinstance(network, tuple(ENTRIES)):
        raise BadInput("model", model, "is only trained from: the pipeline has no use for it")
    size = segmentation_size(architecture) if isinstance(network, FFNet) else None
    return [
        Subject(model, origin, network, entry, noise(network, entry, size))
        for entry in entries(network)
    ]


def noise(network: nn.Module, entry: Entry, size: Size | None) -> tuple[Tensor, ...]:
    """Normal noise for images and latents; masks are full.  One of each, whatever the batch."""
    return tuple(
        torch.randn_like(x[:1]) if x.is_floating_point() else torch.ones_like(x[:1])
        for x in examples(network, entry, size)
    )


def segmentation_size(architecture: str) -> Size:
    """(width, height) that a member of FFNet sees: ours the preset's, `d` members twice as many."""
    if architecture in EDGE:
        config = SegmentationConfig()
        return config.width, config.height
    return (2048, 1024) if "_d" in architecture else (1024, 512)
