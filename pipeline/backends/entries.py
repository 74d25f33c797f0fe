"""The functions of each network that a backend takes over, as plain tensors in and out.

A graph outside Python knows neither named tuples nor optional arguments: an Entry says how a call
of the network's method becomes a tuple of tensors, and how the answer comes back.
B batch, D embedding dimensions, h rows, w columns of tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.fastest_det import Cells, FastestDet
from road_clarity.models.ffnet import FFNet
from road_clarity.models.latent_lstm import HIDDEN_SIZE, LatentLstm
from road_clarity.models.lorat import Lorat, TrackMap
from road_clarity.models.scnn import LaneHeads, LaneMaps
from road_clarity.models.vit import PATCH

EXPLAINED = "explained"  # name of the output that Eigen-CAM looks at
Size = tuple[int, int]  # (width, height) of an image [px]


@dataclass(frozen=True)
class Entry:
    """One method of a network: named tensors in, named tensors out."""

    method: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    answer: Callable[[Sequence[Tensor]], Any] = tuple
    batched: bool = False  # takes any number at once

    @property
    def explains(self) -> bool:
        """Whether the layer that Eigen-CAM looks at runs in it."""
        return self.method in ("forward", "follow")

    def flat(self, *arguments: Any) -> tuple[Tensor, ...]:
        """What the method is called with -> inputs."""
        return arguments

    def arguments(self, inputs: Sequence[Tensor]) -> tuple[Any, ...]:
        """The way back."""
        return tuple(inputs)

    def outputs_of(self, answer: Any) -> tuple[Tensor, ...]:
        """What the method answers -> outputs.  The way back is `answer`."""
        return tuple(answer)


class SingleAnswer(Entry):
    """A method that answers with one tensor."""

    def outputs_of(self, answer: Any) -> tuple[Tensor, ...]:
        return (answer,)


class MemoryStep(Entry):
    """(latent, state or None) -> (latent, state)"""

    def flat(self, *arguments: Any) -> tuple[Tensor, ...]:
        latent, state = arguments
        if state is None:
            blank = latent.new_zeros(1, len(latent), HIDDEN_SIZE)
            state = (blank, blank)
        return latent, *state

    def arguments(self, inputs: Sequence[Tensor]) -> tuple[Any, ...]:
        latent, hidden, cell = inputs
        return latent, (hidden, cell)

    def outputs_of(self, answer: Any) -> tuple[Tensor, ...]:
        latent, state = answer
        return latent, *state


def first(outputs: Sequence[Tensor]) -> Tensor:
    return outputs[0]


def with_state(outputs: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    following, hidden, cell = outputs
    return following, (hidden, cell)


ENTRIES: dict[type[nn.Module], tuple[Entry, ...]] = {
    LaneHeads: (Entry("forward", ("image",), LaneMaps._fields, LaneMaps._make),),
    FFNet: (SingleAnswer("forward", ("image",), ("logits",), first),),
    FastestDet: (Entry("forward", ("image",), Cells._fields, Cells._make),),
    Lorat: (
        SingleAnswer("remember", ("template", "template_mask"), ("memory",), first, batched=True),
        Entry("follow", ("memory", "search"), TrackMap._fields, TrackMap._make, batched=True),
    ),
    Autoencoder: (
        Entry("encode", ("image",), ("mu", "logsigma")),
        SingleAnswer("decode", ("latent",), ("picture",), first),
    ),
    LatentLstm: (
        MemoryStep(
            "step",
            ("latent", "hidden", "cell"),
            ("next", "hidden_after", "cell_after"),
            with_state,
        ),
    ),
}


def entries(network: nn.Module) -> tuple[Entry, ...]:
    """What of it a backend takes over."""
    return next(found for kind, found in ENTRIES.items() if isinstance(network, kind))


def input_size(network: nn.Module, wanted: Size | None) -> Size | None:
    """The image size that an export is tied to; None where the network has one only.

    Raises BadInput for a size that the network does not have.
    """
    if isinstance(network, FFNet):
        if wanted is None:
            raise BadInput("size", "is missing", "say at what WIDTHxHEIGHT FFNet looks: --size")
        return wanted
    if wanted is not None:
        raise BadInput("size", f"{wanted[0]}x{wanted[1]}", "this network has one size only")
    return None


def examples(network: Any, entry: Entry, size: Size | None) -> tuple[Tensor, ...]:
    """Inputs of the right shapes; two at once where any number may come."""
    if isinstance(network, LaneHeads | FastestDet):
        return (torch.zeros(1, 3, *network.input_size),)
    if isinstance(network, FFNet) and size is not None:
        return (torch.zeros(1, 3, size[1], size[0]),)
    if isinstance(network, Lorat):
        return of_two_targets(network, entry)
    if isinstance(network, LatentLstm):
        hidden, cell = torch.zeros(2, 1, 1, network.lstm.hidden_size)
        return torch.zeros(1, network.lstm.input_size), hidden, cell
    if entry.method == "decode":
        return (torch.zeros(1, network.latents),)
    return (torch.zeros(1, 3, network.side, network.side),)


def of_two_targets(network: Lorat, entry: Entry) -> tuple[Tensor, ...]:
    small, large = network.regions.template_px, network.regions.search_px
    template = torch.zeros(2, 3, small, small)
    mask = torch.zeros(2, small // PATCH, small // PATCH, dtype=torch.long)
    if entry.method == "remember":
        return template, mask
    device = network.pos_embed.device
    with torch.no_grad():
        memory = Lorat.remember(network, template.to(device), mask.to(device))
    return torch.zeros_like(memory, device="cpu"), torch.zeros(2, 3, large, large)
