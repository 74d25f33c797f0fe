"""tensors.safetensors: what the networks made of the peak, and where it lies among all scenes.

    world.latent, world.whitened (D,)   world.error_map (h, w)   world.reconstruction (h, w, 3)
    world.prediction (h, w, 3)          segmentation.classes (h, w)          embedding (D,) float16

The embedding is the mean of the whitened latents within half a second of the peak: whitened by the
calm frames of its world model, every direction counts alike.  It can only be compared within one
space: one set of weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from road_clarity.pipeline.evidence.moment import Kept
from road_clarity.safety.scene import Scene

HALF_SPAN_NS = 500_000_000
EMBEDDING, SPACE = "embedding", "space"
READ_ERRORS = (SafetensorError, OSError, ValueError)
Embedding = NDArray[np.float16]


def tensor_bytes(scene: Scene, around: Iterable[Kept]) -> bytes:
    """The file's content; around: the kept frames before and after."""
    found: dict[str, NDArray[np.generic]] = {}
    if scene.segmentation is not None:
        found["segmentation.classes"] = scene.segmentation.classes
    space = ""
    if scene.world is not None:
        world = scene.world
        found |= {"world.error_map": world.error_map, "world.reconstruction": world.reconstruction}
        if world.prediction is not None:
            found["world.prediction"] = world.prediction
        if world.latent is not None:
            space = world.latent.space
            found |= {"world.latent": world.latent.values, "world.whitened": world.latent.whitened}
            found[EMBEDDING] = embedding_of(scene.stamp_ns, space, around)
    ready = {name: np.ascontiguousarray(values) for name, values in found.items()}
    return save(ready, {SPACE: space})  # a single entry: their order would be chance


def embedding_of(peak_ns: int, space: str, around: Iterable[Kept]) -> Embedding:
    """(D,)"""
    near = [
        one.latent.whitened
        for one in around
        if abs(one.stamp_ns - peak_ns) <= HALF_SPAN_NS and one.latent and one.latent.space == space
    ]
    return np.asarray(np.mean(near, axis=0), np.float16)


def read_embedding(path: Path) -> tuple[str, Embedding | None]:
    """The space and the embedding; ("", None) where there was no world model.

    Raises one of READ_ERRORS.
    """
    with safe_open(path, "numpy") as file:
        if EMBEDDING not in file.keys():  # noqa: SIM118  # it is no dict
            return "", None
        space = (file.metadata() or {}).get(SPACE, "")
        return space, np.asarray(file.get_tensor(EMBEDDING), np.float16)
