"""Explanations while driving: which flagged images are asked about, where, and what is answered.

Flagged images come faster than they can be explained beside the live work: only so many a second
are, and only those that are still remembered.  No clock: times are arguments.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.latent_lstm import STEP_S
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.world import GAP_S, network_input
from road_clarity.pipeline.world_account import HISTORY, WorldPair, at_steps
from road_clarity.safety.error_region import error_region
from road_clarity.safety.explanation import explain
from road_clarity.safety.finding import Finding, of_prediction, of_reconstruction
from road_clarity.safety.foresight import PRIMED
from road_clarity.safety.prediction_error import predicted_regions
from road_clarity.safety.scene import Box, Risk, World
from road_clarity.safety.settings import Checked, setting

METHOD = "causing_layer"
FLAGGED = ("elevated", "high")
KEPT_FRAMES = 12  # until their risk is known
KEPT_NS = round((HISTORY + 1) * STEP_S * 1e9)  # of latents
LEAST_PX = 1.0  # side of a region inside the image, below which nothing is asked about it


@dataclass(frozen=True, kw_only=True)
class ExplainerConfig(Checked):
    rate: float = setting(
        2.0, "flagged images that are explained, at most [1/s]", low=0.1, high=30.0
    )
    regions: int = setting(
        3, "regions of an image that are explained, those of its largest reasons", low=1, high=10
    )
    niceness: int = setting(
        10, "of its thread: 0 as the networks, 19 behind everything on the machine", low=0, high=19
    )


@dataclass(frozen=True, eq=False)
class Question:
    """A flagged image, and what the world model knew by then."""

    risk: Risk
    frame: Frame
    error_map: NDArray[np.float32]  # (h, w) of its redrawing
    seen: tuple[tuple[int, Tensor], ...]  # stamps [ns] and latents (1, D), the frame's own last


@dataclass(frozen=True, eq=False)
class Answer:
    error_map: NDArray[np.float32]  # (h, w) squared error of the redrawing, mean over colours
    findings: tuple[Finding, ...]  # of the redrawing, then of the prediction


class LiveExplanation:
    """Remembers what the world model saw.  Any thread may tell it, any may ask."""

    def __init__(self, config: ExplainerConfig) -> None:
        self._config, self._lock = config, threading.Lock()
        self._asked_s = -np.inf
        self._stream = 0
        self._frames: deque[tuple[Frame, World]] = deque(maxlen=KEPT_FRAMES)
        self._latents: deque[tuple[int, Tensor]] = deque()

    def see(self, frame: Frame, world: World, stream: int = 0) -> None:
        """What the world model made of a frame.  Another stream, a gap or a jump forgets."""
        if world.latent is None:
            return
        latent = torch.from_numpy(world.latent.values)[None]
        with self._lock:
            if stream != self._stream or self._gap(frame.stamp_ns):
                self._forget()
            self._stream = stream
            self._frames.append((frame, world))
            self._latents.append((frame.stamp_ns, latent))
            while frame.stamp_ns - self._latents[0][0] > KEPT_NS:
                self._latents.popleft()

    def forget(self) -> None:
        with self._lock:
            self._forget()

    def question(self, risk: Risk, now_s: float) -> Question | None:
        """What to ask about the image of a risk; None where it is not flagged, no longer
        remembered, or too soon after the last question."""
        with self._lock:
            found = self._judged(risk.stamp_ns)
            soon = now_s - self._asked_s < 1.0 / self._config.rate
            if risk.level not in FLAGGED or found is None or soon:
                return None
            self._asked_s = now_s
            frame, world = found
            seen = tuple(one for one in self._latents if one[0] <= frame.stamp_ns)
        return Question(risk, frame, world.error_map, seen)

    def answer(self, pair: WorldPair, asked: Question) -> Answer:
        """pair: the networks that saw the frame.  Raises BadInput for others."""
        net, size = pair.autoencoder, asked.frame.size
        boxes = regions(asked, self._config.regions)
        x = network_input(asked.frame.image, net.side)
        redrawn = explain(net, x, boxes, size, pair.calm)
        findings = [of_reconstruction(one) for one in redrawn.regions]
        mu = at_steps(asked.seen)
        if len(mu) > PRIMED:
            faulty = redrawn.fault is not None
            expected = predicted_regions(net, pair.memory, x, mu, boxes, size)
            both = zip(expected, redrawn.regions, strict=True)
            findings += [of_prediction(one, same, faulty) for one, same in both]
        return Answer(redrawn.error_map.numpy(), tuple(findings))

    def _gap(self, stamp_ns: int) -> bool:
        """Whether the next frame cannot follow the last one."""
        return bool(self._latents) and not 0 < stamp_ns - self._latents[-1][0] <= GAP_S * 1e9

    def _forget(self) -> None:
        self._frames.clear()
        self._latents.clear()

    def _judged(self, stamp_ns: int) -> tuple[Frame, World] | None:
        """The frame of a risk.  Those before it were judged, or never will be, and are let go."""
        while self._frames and self._frames[0][0].stamp_ns < stamp_ns:
            self._frames.popleft()
        if self._frames and self._frames[0][0].stamp_ns == stamp_ns:
            return self._frames.popleft()
        return None


def regions(asked: Question, most: int) -> list[Box]:
    """Where the reasons point, the largest first, as far as it is inside the image; where none of
    them points anywhere, the spot that is redrawn worst."""
    size, found = asked.frame.size, list[Box]()
    for reason in sorted(asked.risk.reasons, key=lambda one: -one.share):
        box = None if reason.region is None else inside(reason.region, size)
        if box is not None and box not in found:
            found.append(box)
    if not found:
        strangest = error_region(asked.error_map, size)
        found = [] if strangest is None else [strangest]
    return found[:most]


def inside(box: Box, size: tuple[int, int]) -> Box | None:
    """The part inside an image of `size` (W, H); None where there is hardly any."""
    x0, y0 = max(box[0], 0.0), max(box[1], 0.0)
    x1, y1 = min(box[2], float(size[0])), min(box[3], float(size[1]))
    return (x0, y0, x1, y1) if x1 - x0 >= LEAST_PX and y1 - y0 >= LEAST_PX else None
