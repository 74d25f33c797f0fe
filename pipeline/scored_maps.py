"""The maps of an explanation with what they are worth.  Made on request, never in the live loop.

S side of the world model's picture; H, W size of the picture that the networks are asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.pipeline.eigen_maps import EigenMap, EigenMaps
from road_clarity.pipeline.frame import Frame, resized
from road_clarity.pipeline.world import network_input
from road_clarity.safety import anomaly
from road_clarity.safety.faithfulness import STEPS, randomised
from road_clarity.safety.map_faithfulness import (
    SEED,
    Effort,
    Faithfulness,
    faithfulness,
    share_of_answer,
    share_of_error,
)
from road_clarity.safety.pace import Pace
from road_clarity.safety.scene import Box

ERROR_MAP = "error_map"
QUICK, THOROUGH = Effort(steps=8, chances=5), Effort(steps=STEPS, chances=19)
OF_NETWORKS = Effort(steps=6, chances=4)  # one answer of a large network takes 50 ms
WIDEST = 640  # picture that the networks are asked about [px]
BLUR = 1 / 8  # deviation of the blank for the networks, a blurred frame [its shorter side]
NOISE = 2.0  # deviation of the noise [grey levels]

LeftS = Callable[[], float]


@torch.no_grad()
def error_map_faithfulness(
    net: Autoencoder, image: NDArray[np.uint8], effort: Effort, left_s: LeftS,
    shuffled: Autoencoder | None = None,
) -> Faithfulness:  # fmt: skip
    """Is the badly redrawn place why the frame is redrawn badly?  Replaced by how it was redrawn.

    image: (H, W, 3) RGB      shuffled: the same network without what it learnt, for that check, and
    for the check under noise
    """
    x = network_input(image, net.side)
    blank = net.reconstruct(x)[0].clamp(0, 1)  # a frame like it that holds nothing unexpected
    ends = errors(net, torch.stack([x[0], blank]))

    def score(pictures: Tensor) -> Tensor:
        return share_of_error(float(ends[0]), float(ends[1]), errors(net, pictures))

    noisy = network_input(with_noise(image), net.side)
    return faithfulness(
        score, x[0], error_map(net, x), blank, effort, left_s,
        None if shuffled is None else error_map(shuffled, x),
        None if shuffled is None else error_map(net, noisy),
    )  # fmt: skip


def without_learning(net: Autoencoder) -> Autoencoder:
    return randomised(net, SEED)


def error_map(net: Autoencoder, x: Tensor) -> Tensor:
    """(1, 3, S, S) -> (S, S)"""
    return anomaly.error_map(x, net.reconstruct(x))[0]


def errors(net: Autoencoder, pictures: Tensor) -> Tensor:
    """(N, 3, S, S) -> (N,)"""
    return anomaly.error_map(pictures, net.reconstruct(pictures)).mean((1, 2))


@torch.no_grad()
def eigen_map_faithfulness(
    maps: EigenMaps, image: NDArray[np.uint8], one: EigenMap, target: Box | None, left_s: LeftS,
    checks: bool, pace: Pace | None = None,
) -> Faithfulness:  # fmt: skip
    """Does what stands out to the network carry its answer?

    image: (H, W, 3) RGB of the frame      one: its map      target: for the tracker [px]
    checks: also against shuffled weights and noise      pace: of the maps before this one
    Raises OutOfTime, which on all maps but the first is before the time is over.
    """
    pace = pace or Pace()
    kind = one.of.partition(" ")[0]  # all that the tracker is asked about take alike
    seen = at_most(image, WIDEST)
    scale = seen.shape[1] / image.shape[1]
    box = None if target is None else tuple(side * scale for side in target)
    answer = maps.asker(one.of, Frame(0, 0, seen), cast(Box | None, box))
    blank = blurred(seen)

    def asked(picture: NDArray[np.uint8]) -> Tensor:
        frame = Frame(0, 0, np.ascontiguousarray(picture))
        return pace.step(f"answer of {kind}", partial(answer, frame), left_s)

    full, none = asked(seen), asked(blank)

    def score(pictures: Tensor) -> Tensor:
        frames = (pictures.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()
        return share_of_answer(full, none, torch.stack([asked(one) for one in frames]))

    def strength(of: EigenMap) -> Tensor:
        size = seen.shape[1], seen.shape[0]
        return torch.from_numpy(cv2.resize(of.strength, size, interpolation=cv2.INTER_AREA))

    noisy, other = None, None
    if checks:
        again = partial(maps.again, one.of, Frame(0, 0, with_noise(image)), target)
        untaught = partial(maps.untaught, one.of, Frame(0, 0, image), target)
        noisy = pace.step(f"map of {kind}", again, left_s)
        other = pace.step(f"untaught map of {kind}", untaught, left_s)
    return faithfulness(
        score, as_tensor(seen), strength(one), as_tensor(blank), OF_NETWORKS, left_s,
        None if other is None else strength(other),
        None if noisy is None else strength(noisy),
    )  # fmt: skip


def as_tensor(image: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) levels -> (3, H, W) in 0..1"""
    return torch.from_numpy(image).permute(2, 0, 1).float() / 255


def at_most(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """(H, W, 3), shrunk to that width where it is wider."""
    if image.shape[1] <= width:
        return image
    return resized(image, (width, max(round(image.shape[0] * width / image.shape[1]), 1)))


def blurred(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3)"""
    sigma = BLUR * min(image.shape[:2])
    return np.asarray(
        cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.uint8
    )


def with_noise(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same noise every time."""
    noise = np.random.default_rng(SEED).normal(0.0, NOISE, image.shape).astype(np.float32)
    return np.asarray((image + noise).round().clip(0, 255), np.uint8)
