"""A tiny world model with its memory, and a recording for it."""

import cv2
import numpy as np
import torch
from tiny_world import SIZE, streets, tiny_vae

from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.pipeline.world_account import WorldPair


def made_pair() -> WorldPair:
    torch.manual_seed(1)
    memory = LatentLstm(4).eval().requires_grad_(False)
    torch.nn.init.normal_(memory.head.weight, std=0.05)
    memory.calm_change.fit(torch.randn(200, 4))
    return WorldPair(tiny_vae(), memory, "tiny, tiny memory")


def made_pictures(count: int) -> list[np.ndarray]:
    """One street that slowly becomes another: (160, 160, 3)"""
    first, last = streets(2)
    ways = (torch.lerp(first, last, n / max(count - 1, 1)) for n in range(count))
    small = [(x * 255).byte().permute(1, 2, 0).numpy() for x in ways]
    return [cv2.resize(one, SIZE, interpolation=cv2.INTER_CUBIC) for one in small]


def made_recording(folder, count: int):
    """A folder of images, ten a second."""
    folder.mkdir()
    for number, image in enumerate(made_pictures(count)):
        cv2.imwrite(str(folder / f"{number}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return folder
