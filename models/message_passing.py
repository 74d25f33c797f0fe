"""Message passing of SCNN (Pan et al. 2018, arXiv:1712.06080, section 3.1).

Slices of the feature map pass messages: row to row downwards and upwards, column to column
rightwards and leftwards, each slice after it has itself been updated.  These are 2 (H + W - 2)
small convolutions, one after the other, and what each costs beside its arithmetic decides the
speed.  `SlicePass` is the formula; a `Kernel` computes all four passes faster where no gradients
are needed.

B batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REACH = 9  # neighbours a message comes from
LOOP = "loop"  # name of the formula, written down in torch


class SlicePass(nn.Conv2d):
    """One direction of message passing.  (B, C, H, W) -> same

    X'_s = X_s + relu(K * X'_{s-1}): every slice but the first hears from its already updated
    neighbour.
    """

    def __init__(
        self,
        channels: int,
        *,
        rows: bool,
        reverse: bool,
        bias: bool = False,
        spares_last: bool = False,
    ) -> None:
        """rows: slices are rows (else columns); reverse: start from the bottom (or right).

        The published passes have no bias, and their last slice hears like the others.
        """
        kernel = (1, REACH) if rows else (REACH, 1)
        padding = (0, REACH // 2) if rows else (REACH // 2, 0)
        super().__init__(channels, channels, kernel, padding=padding, bias=bias)
        self.dim, self.reverse, self.spares_last = (2 if rows else 3), reverse, spares_last
        # The authors' initialisation: small, or the sum over many slices explodes.
        nn.init.normal_(self.weight, std=math.sqrt(2 / (REACH * channels * channels * 5)))

    def order(self, slices: int) -> list[int]:
        """Who speaks when, of that many slices: each hears from the one before."""
        order = list(range(slices))[:: -1 if self.reverse else 1]
        return order[:-1] if self.spares_last else order

    def told_in(self, kind: torch.dtype) -> tuple[Tensor, Tensor | None]:
        """Weights and bias in the precision of a map."""
        return self.weight.to(kind), None if self.bias is None else self.bias.to(kind)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.told_in(x.dtype)
        slices = list(x.split(1, dim=self.dim))
        for before, here in pairwise(self.order(len(slices))):
            message = F.conv2d(slices[before], weight, bias, padding=self.padding)
            slices[here] = slices[here] + message.relu()
        return torch.cat(slices, dim=self.dim)


def one_after_the_other(x: Tensor, passes: tuple[SlicePass, ...]) -> Tensor:
    """The formula: what all kernels compute.  (B, C, H, W) -> same"""
    x = x.contiguous(memory_format=torch.channels_last)  # 1.5-2x faster on CPUs
    for one in passes:
        x = one(x)
    return x


class Kernel(Protocol):
    """All four passes, one after the other, without gradients."""

    name: str

    def takes(self, x: Tensor) -> bool:
        """Whether it can compute this map: its device and its precision."""
        ...

    def __call__(self, x: Tensor, passes: tuple[SlicePass, ...]) -> Tensor: ...


class Packed:
    """One oneDNN convolution a slice, its weights laid out once a pass instead of once a slice.

    Uses the operators that torch.compile emits for a convolution on a CPU.
    """

    name = "packed"

    def takes(self, x: Tensor) -> bool:
        able = torch.backends.mkldnn.is_available() and x.device.type == "cpu"
        return able and (x.dtype == torch.float32 or (x.dtype == torch.bfloat16 and halves()))

    def __call__(self, x: Tensor, passes: tuple[SlicePass, ...]) -> Tensor:
        x = x.clone(memory_format=torch.channels_last)  # a slice's channels lie together
        for one in passes:
            self.pass_through(x, one)
        return x

    def pass_through(self, x: Tensor, one: SlicePass) -> None:
        """Update the slices of x in place."""
        slices = x.split(1, dim=one.dim)
        place = (list(one.padding), [1, 1], [1, 1], 1)  # padding, stride, dilation, groups
        weight, bias = one.told_in(x.dtype)
        weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *place, slices[0].shape)
        convolve = torch.ops.mkldnn._convolution_pointwise
        for before, here in pairwise(one.order(len(slices))):
            message = convolve(slices[before], weight, bias, *place, "none", [], "")
            slices[here].add_(message.relu_())  # its own ReLU would make 0 of nan


def halves() -> bool:
    """Whether oneDNN knows bfloat16 on this CPU."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class CudaGraph:
    """On a GPU: the formula recorded once and replayed, one launch instead of three a slice.

    The last recording is kept, for maps of its shape and the weights that it was made with.
    """

    name = "cuda graph"

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._recording: Recording | None = None

    def __reduce__(self) -> tuple[type[CudaGraph], tuple[()]]:
        return CudaGraph, ()  # a copied network has weights of its own, and records anew

    def takes(self, x: Tensor) -> bool:
        return x.is_cuda and not torch.cuda.is_current_stream_capturing()

    @torch.inference_mode(False)  # what is kept must outlive the caller's mode
    @torch.no_grad()
    def __call__(self, x: Tensor, passes: tuple[SlicePass, ...]) -> Tensor:
        key = (x.shape, x.dtype, x.device, *(one.weight.data_ptr() for one in passes))
        if self._recording is None or key != self._key:
            self._recording, self._key = recorded(x, passes), key
        return self._recording.replay(x)


def recorded(x: Tensor, passes: tuple[SlicePass, ...]) -> Recording:
    """In full float32, which cuDNN shortens unless told not to; without autocast, whose copies of
    the weights do not live as long as the graph."""
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    with torch.cuda.device(x.device), torch.autocast("cuda", enabled=False), exact:
        return Recording(x, passes)


class Recording:
    def __init__(self, x: Tensor, passes: tuple[SlicePass, ...]) -> None:
        """Follows the recipe of torch.cuda.graph: warm up on another stream, then record."""
        self._asked = x.clone()
        other = torch.cuda.Stream()
        other.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(other):
            for _ in range(3):
                one_after_the_other(self._asked, passes)
        torch.cuda.current_stream().wait_stream(other)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._answer = one_after_the_other(self._asked, passes)

    def replay(self, x: Tensor) -> Tensor:
        self._asked.copy_(x)
        self._graph.replay()
        return self._answer.clone()


class MessagePassing(nn.Module):
    """Down, up, right, left.  (B, C, H, W) -> same

    kernels: the first that takes a map computes it.  Gradients and graphs (export, compilation)
    are made of the formula itself.
    """

    def __init__(self, channels: int, *, bias: bool = False, spares_last: bool = False) -> None:
        """bias, spares_last: of a port's passes (models.scnn_pad), not of the published ones.

        spares_last: on the way up and to the left row 0 and column 0 stay as they are.
        """
        super().__init__()
        self.up_down = SlicePass(channels, rows=True, reverse=False, bias=bias)
        self.down_up = SlicePass(
            channels, rows=True, reverse=True, bias=bias, spares_last=spares_last
        )
        self.left_right = SlicePass(channels, rows=False, reverse=False, bias=bias)
        self.right_left = SlicePass(
            channels, rows=False, reverse=True, bias=bias, spares_last=spares_last
        )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.kernels: tuple[Kernel, ...] = (Packed(), CudaGraph())

    @property
    def passes(self) -> tuple[SlicePass, ...]:
        return self.up_down, self.down_up, self.left_right, self.right_left

    def kernel(self, x: Tensor) -> Kernel | None:
        """What computes this map; None: the formula."""
        tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or tracing:
            return None
        return next((one for one in self.kernels if one.takes(x)), None)

    def way(self, x: Tensor) -> str:
        """The name of what computes this map."""
        kernel = self.kernel(x)
        return LOOP if kernel is None else kernel.name

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.kernel(x)
        return (kernel or one_after_the_other)(x, self.passes)
