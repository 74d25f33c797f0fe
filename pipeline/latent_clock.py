"""Latents of frames, read off at a fixed rate: the memory counts steps, cameras do not."""

from __future__ import annotations

import torch
from torch import Tensor


class LatentClock:
    """Straight lines between the latents of neighbouring frames, sampled every step_ns."""

    def __init__(self, step_ns: int, gap_ns: int) -> None:
        """gap_ns: a longer pause between two frames cannot be bridged."""
        self._step_ns, self._gap_ns = step_ns, gap_ns
        self.reset()

    def reset(self) -> None:
        """The next frame is the first."""
        self._last: tuple[int, Tensor] | None = None
        self._next_ns = 0

    def broken(self, stamp_ns: int) -> bool:
        """Whether a frame of that stamp cannot follow the last one: a gap, or time went back."""
        return self._last is not None and not 0 <= stamp_ns - self._last[0] <= self._gap_ns

    def push(self, stamp_ns: int, latent: Tensor) -> list[Tensor]:
        """Take the latent of one frame; return those of all steps that are due, none or several."""
        if self._last is None:
            self._last, self._next_ns = (stamp_ns, latent), stamp_ns + self._step_ns
            return [latent]
        before_ns, before = self._last
        due = []
        while self._next_ns <= stamp_ns:
            share = (self._next_ns - before_ns) / (stamp_ns - before_ns)
            due.append(torch.lerp(before, latent, share))
            self._next_ns += self._step_ns
        self._last = (stamp_ns, latent)
        return due
