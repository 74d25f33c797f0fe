"""Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685), as LoRAT applies it to its transformer.

Every linear layer of the blocks keeps its frozen weight W and learns B A of a small rank beside it,
y = W x + b + s B A x with s = alpha / rank.  For use, W + s B A is merged into one weight; the
fused query-key-value layer has three adaptations of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

LINEAR, DOWN, UP = ".linear.weight", ".lora.A", ".lora.B"
SCALARS = ("lora_alpha", "use_rslora")  # beside the tensors of a published checkpoint
INIT_STD = 0.02  # of both A and B, as published


class Lora(nn.Module):
    """What is learned beside a weight.  A: (rank, in), B: (out, rank)"""

    def __init__(self, inside: int, outside: int, rank: int) -> None:
        super().__init__()
        self.A = nn.Parameter(nn.init.trunc_normal_(torch.empty(rank, inside), std=INIT_STD))
        self.B = nn.Parameter(nn.init.trunc_normal_(torch.empty(outside, rank), std=INIT_STD))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.A.T @ self.B.T  # alpha = rank, so s = 1


class LinearWithLora(nn.Module):
    """A frozen linear layer and its adaptation."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.lora = Lora(linear.in_features, linear.out_features, rank)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(x) + self.lora(x)
        return out


class QkvWithLora(nn.Module):
    """The fused layer taken apart, so that query, key and value adapt separately."""

    def __init__(self, qkv: nn.Linear, rank: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (LinearWithLora(part, rank) for part in thirds(qkv))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.q(x), self.k(x), self.v(x)], dim=-1)


def thirds(qkv: nn.Linear) -> list[nn.Linear]:
    """The three linear layers of a fused one."""
    parts = []
    for weight, bias in zip(qkv.weight.chunk(3), qkv.bias.chunk(3), strict=True):
        part = nn.Linear(weight.shape[1], weight.shape[0])
        part.load_state_dict({"weight": weight.detach(), "bias": bias.detach()})
        parts.append(part)
    return parts


def adapt(blocks: nn.Module, rank: int) -> None:
    """Freeze `blocks` and put an adaptation beside every linear layer, in place."""
    blocks.requires_grad_(False)
    linears = [(n, m) for n, m in blocks.named_modules() if isinstance(m, nn.Linear)]
    for name, linear in linears:
        wrap = QkvWithLora if name.split(".")[-1] == "qkv" else LinearWithLora
        blocks.set_submodule(name, wrap(linear, rank))


def is_adapted(network: nn.Module) -> bool:
    return any(isinstance(module, Lora) for module in network.modules())


def rank_of(state: Mapping[str, Tensor]) -> int:
    """The rank of the adaptations in a checkpoint; 0 where it has none."""
    return next((v.shape[0] for k, v in state.items() if k.endswith(DOWN) and v.dim()), 0)


def is_scalar(key: str) -> bool:
    """Whether `key` holds alpha or the kind of scaling, of all layers or of one."""
    return key in SCALARS or key.endswith((".lora.alpha", ".lora.use_rslora"))


def merge(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint with adaptations -> the plain one; a plain one stays as it is."""
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        if key in SCALARS or ".lora." in key:
            continue  # goes into the weight beside it
        if key.endswith(LINEAR):
            value = adapted_weight(state, key.removesuffix(LINEAR), value)
        out[key.replace(".linear.", ".")] = value
    return fuse_qkv(out)


def adapted_weight(state: Mapping[str, Tensor], name: str, weight: Tensor) -> Tensor:
    """W + s B A, added in float32."""
    if name + DOWN not in state:
        return weight
    down, up = state[name + DOWN].float(), state[name + UP].float()
    return (weight.float() + scale(state, name, down.shape[0]) * (up @ down)).to(weight.dtype)


def scale(state: Mapping[str, Tensor], name: str, rank: int) -> float:
    """s of the layer `name`: alpha / rank, or with rsLoRA (Kalajdzievski 2023) alpha / sqrt(rank).

    A checkpoint says alpha once for all layers or for each; one that says nothing means s = 1.
    """
    alpha = state.get(f"{name}.lora.alpha", state.get("lora_alpha"))
    if alpha is None:
        return 1.0
    stable = state.get(f"{name}.lora.use_rslora", state.get("use_rslora"))
    return float(alpha) / (math.sqrt(rank) if stable is not None and bool(stable) else rank)


def fuse_qkv(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Put query, key and value, where they stand apart, into one tensor each."""
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        before, found, after = key.partition(".qkv.q.")
        if found:
            parts = [state[f"{before}.qkv.{part}.{after}"] for part in "qkv"]
            out[f"{before}.qkv.{after}"] = torch.cat(parts)
        elif ".qkv.k." not in key and ".qkv.v." not in key:
            out[key] = value
    return out
