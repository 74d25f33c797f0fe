"""A training shard: the frames of a clip and their truth as arrays in one .npz file.

N frames of height H and width W; K boxes in all frames together, in the order of the frames.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.training.simulator.film import SimFrame

LARGEST_BYTES = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Shard:
    images: NDArray[np.uint8]  # (N, H, W, 3) RGB
    classes: NDArray[np.uint8]  # (N, H, W) index into safety.scene.CLASSES
    identities: NDArray[np.uint8]  # (N, H, W) id of the road user, 0: none
    depth_m: NDArray[np.float16]  # (N, H, W)
    stamp_ns: NDArray[np.int64]  # (N,)
    hazardous: NDArray[np.bool_]  # (N,)
    gap_m: NDArray[np.float32]  # (N,) nan: nobody ahead
    time_to_collision_s: NDArray[np.float32]  # (N,) nan: none
    ego: NDArray[np.float32]  # (N, 5) s [m], d [m], heading [rad], speed [m/s], acceleration
    camera: NDArray[np.float32]  # (N, 6) x, y, z [m], yaw, pitch [rad], horizontal field [deg]
    boxes: NDArray[np.float32]  # (K, 4) x0, y0, x1, y1 [px]
    box_frame: NDArray[np.int32]  # (K,) index of the frame
    box_id: NDArray[np.int32]  # (K,) as in identities
    box_person: NDArray[np.bool_]  # (K,) a person; else a vehicle


def gathered(frames: Iterable[SimFrame]) -> Shard:
    """All frames of a clip.  Raises BadInput when they become too many to hold."""
    kept: list[SimFrame] = []
    for frame in frames:
        kept.append(frame)
        if len(kept) * frame.image.size * 3 > LARGEST_BYTES:
            remedy = "too many pixels for one shard; make it smaller or shorter"
            raise BadInput("size", f"{frame.image.shape[1]}x{frame.image.shape[0]}", remedy)
    truths = [frame.truth for frame in kept]
    boxes = [(index, one) for index, truth in enumerate(truths) for one in truth.instances]
    egos = [truth.ego for truth in truths]
    cameras = [truth.camera for truth in truths]
    return Shard(
        images=np.stack([frame.image for frame in kept]),
        classes=np.stack([truth.classes for truth in truths]),
        identities=np.stack([truth.identities for truth in truths]),
        depth_m=np.stack([truth.depth_m for truth in truths]).astype(np.float16),
        stamp_ns=np.array([truth.stamp_ns for truth in truths], np.int64),
        hazardous=np.array([truth.hazardous for truth in truths]),
        gap_m=np.array([truth.gap_m for truth in truths], np.float32),
        time_to_collision_s=np.array([truth.time_to_collision_s for truth in truths], np.float32),
        ego=np.array([(e.s, e.d, e.heading, e.speed, e.acceleration) for e in egos], np.float32),
        camera=np.array([(*c.position, c.yaw, c.pitch, c.fov_deg) for c in cameras], np.float32),
        boxes=np.array([one.box for _, one in boxes], np.float32).reshape(-1, 4),
        box_frame=np.array([index for index, _ in boxes], np.int32),
        box_id=np.array([one.id for _, one in boxes], np.int32),
        box_person=np.array([one.label == "person" for _, one in boxes], np.bool_),
    )


def write_shard(shard: Shard, path: Path) -> None:
    """The same shard gives the same bytes."""
    arrays: dict[str, Any] = {one.name: getattr(shard, one.name) for one in fields(Shard)}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_shard(path: Path) -> Shard:
    """Raises BadInput when the file is not a shard."""
    try:
        with np.load(path) as arrays:
            return Shard(**{one.name: arrays[one.name] for one in fields(Shard)})
    except (ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        remedy = "is no shard; make one with `road-clarity simulate --out clip.npz`"
        raise BadInput("shard", path, remedy) from error
