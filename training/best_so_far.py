"""Training that can be stopped at any time: the state on disk, and the best network seen so far."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


class BestSoFar(Generic[Net]):
    """Continues from `checkpoint` when it exists; `step` is how far training had come."""

    def __init__(self, net: Net, adam: torch.optim.Adam, checkpoint: Path) -> None:
        self._net, self._adam, self._checkpoint = net, adam, checkpoint
        self.best, self.error, self.step = copy.deepcopy(net), float("inf"), 0
        if checkpoint.is_file():
            kept = torch.load(checkpoint)
            net.load_state_dict(kept["net"])
            adam.load_state_dict(kept["adam"])
            self.best.load_state_dict(kept["best"])
            self.error, self.step = kept["error"], kept["step"]

    def check(self, step: int, error: float) -> bool:
        """Keep the state; True when `error` on held-out frames is the smallest so far."""
        improved = error < self.error
        if improved:
            self.best, self.error = copy.deepcopy(self._net), error
        state = {
            "net": self._net.state_dict(),
            "adam": self._adam.state_dict(),
            "best": self.best.state_dict(),
            "error": self.error,
            "step": step,
        }
        staged = self._checkpoint.with_suffix(".new")
        torch.save(state, staged)
        staged.replace(self._checkpoint)
        return improved
