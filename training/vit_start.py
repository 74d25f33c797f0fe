"""A vision transformer that begins with structure instead of noise, since there is little data.

Attention as in "Mimetic initialization of self-attention layers" (Trockman & Kolter 2023,
arXiv:2305.09828): what a token asks resembles what it is, so that tokens first listen to tokens
that look alike.  Patch filters are the principal components of patches; places are sines.
D embedding dimensions, M heads.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from road_clarity.models.vit import PATCH, Attention, Block, VisionTransformer

ASK_NOISE, ASK_IDENTITY = 0.7, 0.7  # of W_q W_k^T, the paper's choice
SAY_NOISE, SAY_IDENTITY = 0.4, -0.4  # of W_v W_proj
FLATTENING = 0.3  # filters are scaled by variance to minus this power; 0.5 would be whitening
PLACE_GAIN = 0.3  # places are this much weaker than the picture
LAYER_SCALE = 0.7


def start_vit(vit: VisionTransformer, images: Tensor) -> None:
    """images: (B, 3, H, W) normalised, B * H * W / 14^2 at least some thousand patches."""
    start_patches(vit.patch_embed.proj, images)
    places = sine_places(vit.side, vit.pos_embed.shape[-1])
    vit.pos_embed.data.copy_(PLACE_GAIN * places)
    for block in vit.blocks:
        assert isinstance(block, Block)
        start_attention(block.attn)
        for scale in (block.ls1, block.ls2):
            scale.gamma.data.fill_(LAYER_SCALE)


def start_patches(proj: nn.Conv2d, images: Tensor) -> None:
    """Filters become principal components; outputs have unit variance on average."""
    patches = nn.functional.unfold(images, PATCH, stride=PATCH).transpose(1, 2).flatten(0, 1)
    mean = patches.mean(dim=0)
    _, deviation, axes = torch.pca_lowrank(patches - mean, q=proj.out_channels, niter=3)
    variance = deviation.square() / len(patches)  # (D,)
    filters = axes.T * variance.pow(-FLATTENING)[:, None]
    filters /= variance.pow(1 - 2 * FLATTENING).mean().sqrt()
    proj.weight.data.copy_(filters.view_as(proj.weight))
    assert proj.bias is not None
    proj.bias.data.copy_(-filters @ mean)


def start_attention(attention: Attention) -> None:
    """Factors of noise plus identity, by singular values."""
    width = attention.proj.in_features
    per_head = width // attention.heads
    ask, key = [], []
    for _ in range(attention.heads):
        left, right = factors(ASK_NOISE, ASK_IDENTITY, width)
        ask.append(left[:, :per_head].T)
        key.append(right[:per_head])
    left, right = factors(SAY_NOISE, SAY_IDENTITY, width)
    attention.qkv.weight.data.copy_(torch.cat([*ask, *key, left.T]))
    attention.proj.weight.data.copy_(right.T)
    nn.init.zeros_(attention.qkv.bias)
    nn.init.zeros_(attention.proj.bias)


def factors(noise: float, identity: float, width: int) -> tuple[Tensor, Tensor]:
    """(D, D), (D, D) whose product is noise / sqrt(D) + identity, largest factors first."""
    wanted = noise * torch.randn(width, width) / math.sqrt(width) + identity * torch.eye(width)
    left, values, right = torch.linalg.svd(wanted)
    return left * values.sqrt(), values.sqrt()[:, None] * right


def sine_places(side: int, width: int) -> Tensor:
    """(1, side * side, D): sines and cosines of row and column, as Vaswani et al. 2017."""
    rates = 100.0 ** -torch.linspace(0, 1, width // 4)
    angles = torch.arange(side)[:, None] * rates  # (side, D/4)
    line = torch.cat([angles.sin(), angles.cos()], dim=1)  # (side, D/2)
    rows = line[:, None].expand(-1, side, -1)
    columns = line[None].expand(side, -1, -1)
    return torch.cat([rows, columns], dim=-1).reshape(1, side * side, width)
