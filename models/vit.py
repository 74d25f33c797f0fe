"""Vision transformer as DINOv2 uses it (Oquab et al. 2023, arXiv:2304.07193, section 4).

Pre-norm blocks with LayerScale; patches of 14 x 14 pixels; no class token, since the tracker has
none.  Module names are the published ones.
B batch, N tokens, T tokens remembered, D embedding dimensions, M heads, H rows, W columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.conv_embed import ConvEmbed

PATCH = 14  # [px]
NORM_EPS = 1e-6


@dataclass(frozen=True)
class VitSize:
    """What tells the members of the family apart."""

    width: int  # D
    depth: int  # blocks
    heads: int
    swiglu_hidden: int = 0  # 0: the MLP is GELU with 4 D hidden units
    convolutional: bool = False  # tokens from convolutions (models.conv_embed), not from patches
    one_way: bool = False  # some tokens hear only each other, so that they are computed once


class PatchEmbed(nn.Module):
    """Every patch becomes a token.  (B, 3, H, W) -> (B, H/14 * W/14, D)"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, stride=PATCH)

    def forward(self, image: Tensor) -> Tensor:
        tokens: Tensor = self.proj(image).flatten(2).transpose(1, 2)
        return tokens


class Attention(nn.Module):
    """Every token asks all tokens, and those remembered.  (B, N, D) -> (B, N, D)"""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.heads = heads

    def asked(self, x: Tensor) -> Tensor:
        """Queries, keys and values.  (B, N, D) -> (3, B, M, N, D/M)"""
        batch, count, width = x.shape
        qkv: Tensor = self.qkv(x).view(batch, count, 3, self.heads, width // self.heads)
        return qkv.permute(2, 0, 3, 1, 4)

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """known: (B, 2, M, T, D/M) keys and values of tokens that do not ask themselves"""
        batch, count, width = x.shape
        q, k, v = self.asked(x)  # each (B, M, N, D/M)
        if known is not None:
            old_k, old_v = known.to(k.dtype).unbind(1)
            k, v = torch.cat([old_k, k], dim=2), torch.cat([old_v, v], dim=2)
        # Written out: on a CPU in bfloat16, four times as fast as the fused form when training.
        weights = ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(dim=-1)
        heard = (weights @ v).transpose(1, 2).reshape(batch, count, width)
        out: Tensor = self.proj(heard)
        return out


class Mlp(nn.Module):
    """(B, N, D) -> (B, N, D)"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class SwiGlu(nn.Module):
    """Gated MLP of the giant model (Shazeer 2020, arXiv:2002.05202).  (B, N, D) -> (B, N, D)"""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w12 = nn.Linear(width, 2 * hidden)
        self.w3 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        out: Tensor = self.w3(F.silu(gate) * value)
        return out


class LayerScale(nn.Module):
    """A learned gain per dimension, small at first (Touvron et al. 2021, arXiv:2103.17239)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 1e-5))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """(B, N, D) -> (B, N, D)"""

    def __init__(self, size: VitSize) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size.width, NORM_EPS)
        self.attn = Attention(size.width, size.heads)
        self.ls1 = LayerScale(size.width)
        self.norm2 = nn.LayerNorm(size.width, NORM_EPS)
        self.mlp = SwiGlu(size.width, size.swiglu_hidden) if size.swiglu_hidden else Mlp(size.width)
        self.ls2 = LayerScale(size.width)

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x), known))
        out: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return out

    def asked(self, x: Tensor) -> Tensor:
        """Queries, keys and values of its attention.  (B, N, D) -> (3, B, M, N, D/M)"""
        return self.attn.asked(self.norm1(x))


class VisionTransformer(nn.Module):
    """The trunk; `side` is the largest number of patches per row that it has positions for."""

    def __init__(self, size: VitSize, side: int) -> None:
        super().__init__()
        self.side = side
        embed = ConvEmbed(size.width, PATCH) if size.convolutional else PatchEmbed(size.width)
        self.patch_embed: PatchEmbed | ConvEmbed = embed
        self.pos_embed = nn.Parameter(torch.zeros(1, side * side, size.width))
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width, NORM_EPS)

    def embed(self, image: Tensor) -> Tensor:
        """Tokens that know their place; a smaller image gets the top-left part of the positions.

        (B, 3, 14 n, 14 n) -> (B, n * n, D)
        """
        n = image.shape[-1] // PATCH
        places = self.pos_embed.view(1, self.side, self.side, -1)[:, :n, :n].flatten(1, 2)
        out: Tensor = self.patch_embed(image) + places
        return out

    def mix(self, tokens: Tensor, memory: Tensor | None = None) -> Tensor:
        """All blocks and the last norm.  (B, N, D) -> (B, N, D)

        memory: (B, blocks, 2, M, T, D/M) of tokens that every block hears besides
        """
        each = [None] * len(self.blocks) if memory is None else memory.unbind(1)
        for block, known in zip(self.blocks, each, strict=True):
            tokens = block(tokens, known)
        out: Tensor = self.norm(tokens)
        return out

    def memorise(self, tokens: Tensor) -> Tensor:
        """What `mix` may be told of tokens that hear only each other.

        (B, T, D) -> (B, blocks, 2, M, T, D/M)
        """
        memory = []
        for block in self.blocks:
            memory.append(cast(Block, block).asked(tokens)[1:])
            tokens = block(tokens)
        return torch.stack(memory).transpose(1, 2).transpose(0, 1).contiguous()
