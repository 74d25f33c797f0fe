"""The card of anomaly_edge: what it learnt from, and how it tells spoilt frames of new cameras."""

from __future__ import annotations

import torch
from torch import Tensor

from road_clarity.models.cards import Card
from road_clarity.models.scene_novelty import COMBINED, SCORERS, SceneNovelty
from road_clarity.training.anomaly_fit import Judged
from road_clarity.training.anomaly_frames import LICENCES

COMMAND = "road-clarity train anomaly"
NOTES = """
Scorers of unknown scenes over what scnn_edge, ffnet_edge and vae_edge compute anyway: a bank of
calm features, calm spreads, a head that has seen spoilt frames, and sorted calm scores.

Learnt from the first four fifths of every clip and drive, and of simulated streets (calm: day,
overcast, haze, dusk, seeds from 1000 on; spoilt: night, fog, rain, seeds from 1100 on).  Spoilt
frames are made by training/degraded_frames.py; nothing is learnt from evaluation/corruptions.
Held out: the last fifth of every clip and drive, CamVid's val part, simulated seeds from 20000 on,
all stills.
Calm scores are of cameras left out in turn, so a p-value speaks of a camera that is new.
Metrics: auroc_X of scorer X, spoilt against calm frames, each camera judged by what learnt from
the others; camera_Y: of the combined scorer within camera Y.

Known failures: cameras are few, and mostly of bright days; see docs/anomaly.md.
"""


def auroc(calm: Tensor, odd: Tensor) -> float:
    """Share of (calm, odd) pairs in which the odd one scores higher; a tie counts half."""
    higher = (odd[:, None] > calm).float() + 0.5 * (odd[:, None] == calm).float()
    return float(higher.mean())


@torch.no_grad()
def left_out_metrics(novelty: SceneNovelty, judged: dict[str, Judged]) -> dict[str, float]:
    calm = torch.cat([one.calm for one in judged.values()])
    spoilt = torch.cat([one.spoilt for one in judged.values()])
    found = {"calm_frames": float(len(calm)), "spoilt_frames": float(len(spoilt))}
    for index, name in enumerate(SCORERS):
        found[f"auroc_{name}"] = auroc(calm[:, index], spoilt[:, index])
    found[f"auroc_{COMBINED}"] = auroc(novelty.combine(calm), novelty.combine(spoilt))
    for camera, one in judged.items():
        if len(one.calm):
            inside = auroc(novelty.combine(one.calm), novelty.combine(one.spoilt))
            found[f"auroc_camera_{camera}"] = inside
    return found


def anomaly_card(
    novelty: SceneNovelty, judged: dict[str, Judged], networks: str, seed: int, seconds: float
) -> Card:
    return Card(
        name="anomaly_edge",
        architecture="scene_novelty",
        data=LICENCES,
        command=COMMAND,
        seed=seed,
        cost=f"{seconds / 60:.0f} minutes on a CPU core",
        metrics={key: round(value, 4) for key, value in left_out_metrics(novelty, judged).items()},
        metrics_command=COMMAND,
        made_for=networks,
        notes=NOTES,
    )
