"""LoRAT, a one-stream visual tracker (Lin et al. 2024, arXiv:2403.05231, section 3).

Template and search region go through one vision transformer together; every search token says how
much of the target it is and where the target's box lies.  Trained by LoRA, used merged: a state
dict with adaptations (models.lora) is merged while it is loaded.  What the template says is worked
out once per target: its first tokens, as published, or, where the network is `one_way`, all that
the blocks ask of it, for then the template does not hear the search region (as in MixFormer's
asymmetric attention, Cui et al. 2022, arXiv:2203.11082, section 3.1).
B batch, D embedding dimensions, h rows, w columns of tokens of the search region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.errors import BadInput
from road_clarity.models.lora import is_adapted, merge
from road_clarity.models.vit import PATCH, VisionTransformer, VitSize

BACKGROUND, FOREGROUND, SEARCH = 0, 1, 2  # token types


@dataclass(frozen=True)
class Regions:
    """What is cut out of the frames."""

    template_px: int
    search_px: int
    search_factor: float  # side of the search region [mean sides of the target]
    template_factor: float = 2.0
    reach: float = 1.0  # of a token's box, to every side [sides of the search region]


SIZES = {
    "c4": VitSize(width=192, depth=4, heads=3, convolutional=True),  # ours, for two CPU cores
    "k4": VitSize(width=192, depth=4, heads=3, convolutional=True, one_way=True),  # cheaper still
    "t6": VitSize(width=192, depth=6, heads=3),  # ours: half the blocks of a ViT-Ti
    "t": VitSize(width=192, depth=12, heads=3),  # ours: ViT-Ti
    "s": VitSize(width=384, depth=12, heads=6),
    "b": VitSize(width=768, depth=12, heads=12),
    "l": VitSize(width=1024, depth=24, heads=16),
    "g": VitSize(width=1536, depth=40, heads=24, swiglu_hidden=4096),
}
PUBLISHED_REGIONS = {
    "224": Regions(template_px=112, search_px=224, search_factor=4.0),
    "378": Regions(template_px=196, search_px=378, search_factor=5.0),
}
# A target has as many pixels as in 224, so that its tokens may reach as far.
SMALL = Regions(template_px=112, search_px=168, search_factor=3.0, reach=4 / 3)
REGIONS = PUBLISHED_REGIONS | {"168": SMALL}


class TrackMap(NamedTuple):
    """What every search token says."""

    score_map: Tensor  # (B, h, w) logits: overlap of its box with the target
    boxes: Tensor  # (B, h, w, 4) x0, y0, x1, y1 as shares of the search region


class MlpHead(nn.Module):
    """Three linear layers with GELU between.  (..., D) -> (..., outputs)"""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        sizes = (width, width, width, outputs)
        linears = [nn.Linear(sizes[i], sizes[i + 1]) for i in range(3)]
        for linear in linears:
            nn.init.trunc_normal_(linear.weight, std=0.02)
            nn.init.zeros_(linear.bias)
        self.layers = nn.ModuleList(linears)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., outputs) float32, in whatever precision the rest is computed."""
        for layer in self.layers[:-1]:
            x = F.gelu(layer(x))
        last = cast(nn.Linear, self.layers[-1])
        # In bfloat16 the reach of a box would come in steps of a pixel.
        out: Tensor = (x.float()[..., None, :] * last.weight).sum(dim=-1) + last.bias
        return out


class Head(nn.Module):
    """Score and box of every token."""

    def __init__(self, width: int, reach: float = 1.0) -> None:
        super().__init__()
        self.reach = reach
        self.cls_mlp = MlpHead(width, 1)
        self.reg_mlp = MlpHead(width, 4)

    def forward(self, tokens: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, D) tokens at (B or 1, N, 2) places -> (B, N) logits, (B, N, 4) boxes"""
        reach = self.reach * self.reg_mlp(tokens).sigmoid()  # to left, top, right, bottom
        boxes = torch.cat([places - reach[..., :2], places + reach[..., 2:]], dim=-1)
        return self.cls_mlp(tokens)[..., 0], boxes


class Lorat(VisionTransformer):
    """(B, 3, t, t), (B, 3, s, s), (B, t/14, t/14) -> TrackMap.  Images are normalised.

    Its two halves: `remember` a template, then `follow` it through any number of search regions.
    """

    explained_layer = "norm"
    # In bfloat16 these would cost half of all that it loses; they are a thirtieth of the work.
    exact_layers = "patch_embed.trunk._blocks.0."  # and all before it, where it has them

    def __init__(self, size: VitSize, regions: Regions) -> None:
        super().__init__(size, regions.search_px // PATCH)
        self.regions, self.one_way = regions, size.one_way
        self.token_type_embed = nn.Parameter(torch.empty(3, size.width))
        nn.init.trunc_normal_(self.token_type_embed, std=0.02)
        self.head = Head(size.width, regions.reach)
        self.register_load_state_dict_pre_hook(merge_while_loading)  # type: ignore[no-untyped-call]

    def forward(self, template: Tensor, search: Tensor, template_mask: Tensor) -> TrackMap:
        return self.follow(self.remember(template, template_mask), search)

    def remember(self, template: Tensor, template_mask: Tensor) -> Tensor:
        """All that following needs of a template: (B, T, D), or one_way what `mix` is told."""
        tokens = self.template_tokens(template, template_mask)
        return self.memorise(tokens) if self.one_way else tokens

    def follow(self, memory: Tensor, search: Tensor) -> TrackMap:
        """memory: what `remember` answered"""
        scores, boxes = self.head(self.seen(memory, search), self.places())
        grid = (search.shape[0], self.side, self.side)  # not len: exports keep the batch open
        return TrackMap(scores.view(grid), boxes.view(*grid, 4))

    def seen(self, memory: Tensor, search: Tensor) -> Tensor:
        """What the head is asked about.  -> (B, h * w, D)"""
        asked = self.search_tokens(search)
        if self.one_way:
            return self.mix(asked, memory)
        return self.mix(torch.cat([memory, asked], dim=1))[:, memory.shape[1] :]

    def template_tokens(self, template: Tensor, template_mask: Tensor) -> Tensor:
        """template_mask: (B, n, n) integers, 1 where the target is"""
        out: Tensor = self.embed(template) + self.token_type_embed[template_mask.flatten(1)]
        return out

    def search_tokens(self, search: Tensor) -> Tensor:
        out: Tensor = self.embed(search) + self.token_type_embed[SEARCH]
        return out

    def places(self) -> Tensor:
        """(1, h * w, 2) x, y of the tokens' centres as shares of the search region"""
        centres = (torch.arange(self.side, device=self.pos_embed.device) + 0.5) / self.side
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return torch.stack([x, y], dim=-1).view(1, -1, 2)


def merge_while_loading(module: nn.Module, state: dict[str, Any], *_: object) -> None:
    """Merge adaptations in a state dict in place, unless the network itself is adapted."""
    if not is_adapted(module):
        merged = merge(state)
        state.clear()
        state.update(merged)


def build_lorat(name: str) -> Lorat:
    """The untrained network of a name such as lorat_b_224.  Raises BadInput when none is."""
    family, size, region = (*name.split("_"), "", "", "")[:3]
    if family != "lorat" or size not in SIZES or region not in REGIONS or name.count("_") != 2:
        remedy = f"name it lorat_<size>_<region>; sizes {', '.join(SIZES)}"
        raise BadInput("architecture", name, f"{remedy}; regions {', '.join(REGIONS)}")
    return Lorat(SIZES[size], REGIONS[region])
