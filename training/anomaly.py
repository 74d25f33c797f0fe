"""The recipe of anomaly_edge: `road-clarity train anomaly`.

Look at calm frames of several cameras and at what was made of them, fit the scorers, learn their
calm from left-out cameras, publish.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from road_clarity.safety.settings import Checked, setting
from road_clarity.training import anomaly_frames as frames
from road_clarity.training.anomaly_card import anomaly_card
from road_clarity.training.anomaly_facts import Looker, made_for
from road_clarity.training.anomaly_fit import HeadConfig, calibrate, fitted, left_out
from road_clarity.training.anomaly_set import Seen, adverse, cached, look
from road_clarity.training.data_root import data_root
from road_clarity.training.publish import WEIGHTS, publish

SHIPPED = Path(__file__).resolve().parents[1] / "models" / "weights"


@dataclass(frozen=True, kw_only=True)
class AnomalyConfig(Checked):
    frames: int = setting(16, "calm frames of every clip or drive", low=1)
    seeds: int = setting(12, "calm simulated streets, and as many in bad weather", low=1)
    spoilt: int = setting(5, "how often each frame is spoilt", low=1)
    steps: int = setting(400, "of the head that knows spoilt frames", low=1)
    decay: float = setting(0.05, "weight decay of the head", low=0.0)
    seed: int = setting(0, "of what is spoilt, and of initial weights", low=0)
    networks: Path = setting(SHIPPED, "folder of the networks' weights")
    weights: Path = setting(WEIGHTS, "folder to publish into")


CONFIG = AnomalyConfig


def train(config: AnomalyConfig, out: Path) -> None:
    """Facts of frames are kept in `out`; a second run only fits."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    began = time.monotonic()
    cameras = seen_by_camera(config, out)
    head = HeadConfig(config.steps, config.decay, config.seed)
    judged = left_out(cameras, head)
    novelty = fitted(list(cameras.values()), head)
    calibrate(novelty, list(judged.values()))
    networks = made_for(config.networks)
    card = anomaly_card(novelty, judged, networks, config.seed, time.monotonic() - began)
    publish(card, novelty.state_dict(), config.weights, novelty.stored)


def seen_by_camera(config: AnomalyConfig, out: Path) -> dict[str, Seen]:
    """Of every camera, from files in `out` that these very networks made, or looked at anew."""
    looker = Looker(config.networks)
    eyes = hashlib.sha256(made_for(config.networks).encode()).hexdigest()[:8]
    calm = frames.calm_frames(data_root(), config.frames, config.seeds)
    found = {}
    for number, (camera, images) in enumerate(calm.items()):
        rng = np.random.default_rng((config.seed, number))
        path = out / f"{camera}_{config.frames}_{config.spoilt}_{config.seed}_{eyes}.safetensors"
        found[camera] = cached(path, partial(look, looker, images, config.spoilt, rng))
    path = out / f"{frames.ADVERSE}_{config.seeds}_{eyes}.safetensors"
    found[frames.ADVERSE] = cached(
        path, lambda: adverse(looker, frames.adverse_frames(config.seeds))
    )
    return found
