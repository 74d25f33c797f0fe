"""Facts of calm and of spoilt frames, by camera: what the scorers of unknown scenes learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from road_clarity.models.scene_novelty import Facts
from road_clarity.training.anomaly_facts import Looker, together
from road_clarity.training.degraded_frames import DEGRADED, another_camera, degraded
from road_clarity.training.picture import Image


@dataclass(frozen=True, eq=False)
class Seen:
    """Of one camera.  A camera that only shows bad weather has no calm frames."""

    calm: Facts  # frames as they are, then as other cameras would show them
    spoilt: Facts


def look(looker: Looker, frames: list[Image], spoilt: int, rng: np.random.Generator) -> Seen:
    """Each frame as it is, once as another camera's, and `spoilt` times spoilt."""
    calm, bad, kinds = [], [], list(DEGRADED)
    for index, frame in enumerate(frames):
        calm += [looker.facts(frame), looker.facts(another_camera(frame, rng))]
        for turn in range(spoilt):
            kind = kinds[(index * spoilt + turn) % len(kinds)]
            before = frame if rng.random() < 0.5 else another_camera(frame, rng)
            bad.append(looker.facts(degraded(before, kind, rng)))
    return Seen(together(calm), together(bad))


def cached(path: Path, made: Callable[[], Seen]) -> Seen:
    """What is in the file, else what is made and put there."""
    if not path.is_file():
        seen = made()
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = {f"calm.{k}": v.contiguous() for k, v in seen.calm._asdict().items()}
        parts |= {f"spoilt.{k}": v.contiguous() for k, v in seen.spoilt._asdict().items()}
        save_file(parts, path)
    state = load_file(path)
    return Seen(*(Facts(*(state[f"{part}.{name}"] for name in Facts._fields))
                  for part in ("calm", "spoilt")))  # fmt: skip


def adverse(looker: Looker, frames: list[Image]) -> Seen:
    """Bad weather and darkness: nothing of it is calm."""
    bad = looker.all(frames)
    none = Facts(*(torch.empty(0, part.shape[1]) for part in bad))
    return Seen(none, bad)


def joined(some: Iterable[Seen]) -> Seen:
    parts = list(some)
    return Seen(together([one.calm for one in parts]), together([one.spoilt for one in parts]))
