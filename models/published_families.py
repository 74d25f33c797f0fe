"""The layouts in which SCNN, FFNet and LoRAT were published, family by family.

A family knows its members' names, the size a state dict asks for, and which of its keys are no part
of the network.  What a state dict must look like follows from the network itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from road_clarity.models import dinov2, lora
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import PUBLISHED, build_ffnet, member
from road_clarity.models.lorat import PUBLISHED_REGIONS, REGIONS, SIZES, build_lorat
from road_clarity.models.scnn import PUBLISHED_SIZES, ScnnVgg16, existence_inputs
from road_clarity.models.scnn_pad import ScnnVgg16Pad, from_pad
from road_clarity.models.state_dict_fit import misfit
from road_clarity.models.vit import PATCH

State = dict[str, Tensor]
BLOCK = re.compile(r"backbone_model\.layer(\d+)\.(\d+)\.")  # of FFNet's keys: stage, number


class Family:
    """Published networks that share a layout."""

    signature: str  # how a key begins that only this family has
    names: tuple[str, ...]  # of members with published checkpoints
    licence: str  # of the published weights and whose they are
    data: Mapping[str, str]  # what they were trained on -> its licence

    def has(self, name: str) -> bool:
        """Whether the name belongs to this family, published or not."""
        return name in self.names

    def could_be(self, name: str, state: State) -> bool:
        """Whether a look at the state dict leaves it open; saves building what it is not."""
        return any(key.startswith(self.signature) for key in state)

    def build(self, name: str, state: State) -> nn.Module:
        """The untrained network, with as many classes or cells as the state dict asks for."""
        raise NotImplementedError

    def rename(self, state: State) -> tuple[State, str]:
        """The keys of our network, without what is no part of it; and what the layout is called."""
        raise NotImplementedError

    def wanted(self, name: str, state: State) -> Mapping[str, Tensor]:
        """What the renamed state dict must hold; call with torch.device('meta')."""
        return self.build(name, state).state_dict()

    def finish(self, state: State) -> State:
        """The network's state dict, from one that was found to fit."""
        return state

    def is_part(self, state: State) -> bool:
        """Whether the state dict holds only what was trained, and needs a base beneath it."""
        return False

    def on_base(self, name: str, state: State, base: State) -> tuple[State, str]:
        """A part, renamed, with its base; and what the layout is called.  Raises BadInput."""
        raise BadInput("base", f"for {name}", "only LoRAT stands on a base; leave it out")

    def hint(self, name: str, state: State, foreign: bool) -> str:
        """What to do about a renamed state dict that does not fit, where the family can tell.

        foreign: it holds something that is no part of `name`
        """
        return ""


class Scnn(Family):
    """The common PyTorch port (harryhan618/SCNN_Pytorch), also of the authors' own weights."""

    signature = "backbone.0."
    names = ("scnn_vgg16",)
    licence = "MIT (XingangPan/SCNN, and harryhan618/SCNN_Pytorch)"
    data = {"CULane or TuSimple": "non-commercial research"}

    def build(self, name: str, state: State) -> nn.Module:
        return ScnnVgg16(input_size_of(state, "fc.0.weight"))

    def rename(self, state: State) -> tuple[State, str]:
        kept = {k: v for k, v in state.items() if k != "ce_loss.weight"}  # the loss's weights
        return kept, "SCNN_Pytorch"


class ScnnPad(Family):
    """pytorch-auto-drive's SCNN: other keys, and passes of its own (models.scnn_pad)."""

    signature = "encoder.net.0."
    names = ("scnn_vgg16_pad",)
    licence = "BSD-3-Clause (voldemortX/pytorch-auto-drive)"
    data = {"CULane": "non-commercial research"}

    def build(self, name: str, state: State) -> nn.Module:
        return ScnnVgg16Pad(input_size_of(state, "fc.0.weight"))

    def rename(self, state: State) -> tuple[State, str]:
        return from_pad(state), "pytorch-auto-drive"


def input_size_of(state: State, key: str) -> tuple[int, int]:
    """Rows and columns of the image, from what the existence head takes; else the authors'."""
    given = state[key].shape[-1] if key in state and state[key].dim() else 0
    sizes = {existence_inputs(size): size for size in PUBLISHED_SIZES}
    return sizes.get(given, PUBLISHED_SIZES[0])


class Ffnet(Family):
    signature = "backbone_model."
    names = PUBLISHED
    licence = "BSD-3-Clause-Clear, without a patent grant (Qualcomm-AI-research/FFNet)"
    data = {"Cityscapes": "non-commercial research"}
    predown = "smoothing.weight"  # halves the image first, which the pipeline does itself
    class_biases = "head.layers.3.last_layer.3.bias"

    def has(self, name: str) -> bool:
        return name.startswith("ffnet_")

    def could_be(self, name: str, state: State) -> bool:
        one = member(name)
        return residual_blocks(state) == one.family.depths[one.depth]

    def build(self, name: str, state: State) -> nn.Module:
        biases = state.get(self.class_biases)
        return build_ffnet(name, classes=19 if biases is None else max(biases.numel(), 1))

    def rename(self, state: State) -> tuple[State, str]:
        kept = {key: value for key, value in state.items() if key != self.predown}
        return kept, "FFNet pre_down" if self.predown in state else "FFNet"


def residual_blocks(state: State) -> tuple[int, ...]:
    """How many an FFNet's state dict has in each stage."""
    blocks = {m.groups() for m in map(BLOCK.match, state) if m}
    return tuple(Counter(stage for stage, _ in sorted(blocks)).values())


class LoratFamily(Family):
    """Merged; or with adaptations, and then with or without the frozen weights beneath them."""

    signature = "blocks.0."
    names = tuple(f"lorat_{size}_{region}" for size in "sblg" for region in PUBLISHED_REGIONS)
    licence = "Apache-2.0 (LitingLin/LoRAT, on Meta's DINOv2, Apache-2.0)"
    data = {"LaSOT, TrackingNet, GOT-10k, COCO": "each its own terms, research"}

    def has(self, name: str) -> bool:
        return name in {f"lorat_{size}_{region}" for size in SIZES for region in REGIONS}

    def build(self, name: str, state: State) -> nn.Module:
        return build_lorat(name)

    def rename(self, state: State) -> tuple[State, str]:
        return state, "LoRAT adapted" if lora.rank_of(state) else "LoRAT merged"

    def wanted(self, name: str, state: State) -> Mapping[str, Tensor]:
        network = build_lorat(name)
        rank = lora.rank_of(state)
        if not rank:
            return network.state_dict()
        lora.adapt(network.blocks, rank)
        scalars = {key: state[key] for key in state if lora.is_scalar(key)}
        return network.state_dict() | {key: value.new_zeros(()) for key, value in scalars.items()}

    def finish(self, state: State) -> State:
        return lora.merge(state)

    def is_part(self, state: State) -> bool:
        return bool(lora.rank_of(state)) and "patch_embed.proj.weight" not in state

    def hint(self, name: str, state: State, foreign: bool) -> str:
        if "cls_token" in state:
            return "; it is DINOv2, a base: give a LoRAT checkpoint, and this one as its base"
        if foreign or not self.is_part(state):
            return ""
        return f"; it holds only what was trained: give DINOv2's {file_of(name)} as the base, too"

    def on_base(self, name: str, state: State, base: State) -> tuple[State, str]:
        if not lora.rank_of(state):
            raise BadInput("base", f"for {name}", "leave it out; FILE has no adaptations to lay on")
        size, region = name.split("_")[1:]
        with torch.device("meta"):
            wanted = dinov2.Dinov2(SIZES[size]).state_dict()
        if wrong := misfit(base, wanted):
            remedy = f"must be DINOv2's {file_of(name)}; {wrong.said()}"
            raise BadInput("base", f"for {name}", remedy)
        side = REGIONS[region].search_px // PATCH
        laid = dinov2.beneath(dinov2.trunk(base, side), state) | state
        return laid, "LoRAT adapted, on DINOv2"


def file_of(name: str) -> str:
    """DINOv2's file beneath the LoRAT of that name."""
    return dinov2.FILES.get(name.split("_")[1], "file of the same size")


class Dinov2Family(Family):
    """Meta's own files: features, and the base beneath what a LoRAT learned."""

    signature = "cls_token"
    names = tuple(dinov2.NAMES)
    licence = "Apache-2.0 (facebookresearch/dinov2)"
    data = {"LVD-142M": "not public"}

    def build(self, name: str, state: State) -> nn.Module:
        return dinov2.Dinov2(SIZES[dinov2.NAMES[name]])

    def rename(self, state: State) -> tuple[State, str]:
        return state, "DINOv2"


FAMILIES: tuple[Family, ...] = (Scnn(), ScnnPad(), Ffnet(), LoratFamily(), Dinov2Family())
