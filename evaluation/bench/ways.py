"""Ways to run a network that this machine has.  Eager fp32 on plain tensors is the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor

from road_clarity.evaluation.bench.subjects import Subject

Call = Callable[[], tuple[Tensor, ...]]  # one answer, flattened


class Way(NamedTuple):
    backend: str
    precision: str


REFERENCE = Way("torch eager", "fp32")
FASTER = (Way("torch", "fp32"), Way("torch", "bf16"))


def call(subject: Subject, way: Way) -> Call:
    """The subject made ready to answer its input that way."""
    network, inputs = subject.network, subject.inputs
    if way == REFERENCE:
        return lambda: tensors(network(*inputs))
    ours = deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    halved = way.precision == "bf16"

    def answer() -> tuple[Tensor, ...]:
        with torch.autocast("cpu", torch.bfloat16, enabled=halved):
            return tensors(ours(*inputs))

    return answer


def tensors(answer: Any) -> tuple[Tensor, ...]:
    """All tensors in whatever a network answers, as fp32."""
    return tuple(flat(answer))


def flat(answer: Any) -> Iterator[Tensor]:
    if isinstance(answer, Tensor):
        yield answer.float()
        return
    for part in answer:
        yield from flat(part)


def difference(said: tuple[Tensor, ...], reference: tuple[Tensor, ...]) -> float:
    """The largest departure from the reference [standard deviations of the reference]."""
    pairs = zip(said, reference, strict=True)
    return max(float((a - b).abs().max() / b.std()) for a, b in pairs)
