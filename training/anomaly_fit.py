"""Fit the scorers of unknown scenes, and learn their calm from cameras that they have not seen.

Every camera in turn is left out; its calm frames are judged by what learnt from the others.  So a
p-value speaks of calm frames of a camera that is new, not of one that was learnt by heart.
N frames, F facts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from road_clarity.models.nominal import CalmScores
from road_clarity.models.scene_novelty import (
    BANK,
    COMBINED,
    FEATURES,
    SCORERS,
    STATISTICS_PART,
    SceneNovelty,
)
from road_clarity.training.anomaly_set import Seen, joined

FLOOR = 0.05  # smallest variance of the statistics, in calm standard deviations squared
FUZZ = 0.2  # noise on the facts while the head learns, in calm standard deviations


@dataclass(frozen=True)
class HeadConfig:
    steps: int
    decay: float
    seed: int


@dataclass(frozen=True, eq=False)
class Judged:
    """Scores (N, 7) of frames by scorers that have not seen their camera."""

    calm: Tensor
    spoilt: Tensor


def fitted(cameras: list[Seen], config: HeadConfig) -> SceneNovelty:
    """Everything but the scores' own calm."""
    torch.manual_seed(config.seed)
    novelty, seen = SceneNovelty(), joined(cameras)
    novelty.spread.fit(seen.calm.joined())
    novelty.spread.get_buffer("deviation").clamp_min_(1e-3)
    with torch.no_grad():
        calm, spoilt = novelty.standard(seen.calm), novelty.standard(seen.spoilt)
    novelty.whitening.fit(calm[:, STATISTICS_PART], FLOOR)
    places = torch.linspace(0, len(calm) - 1, BANK).round().long()
    novelty.get_buffer("bank").copy_(calm[places, :FEATURES])
    weights = torch.cat([torch.full((len(one.calm.lane),), 1 / max(len(one.calm.lane), 1))
                         for one in cameras])  # fmt: skip
    learn_head(novelty, calm, spoilt, weights / weights.sum(), config)
    return novelty.eval()


def learn_head(
    novelty: SceneNovelty, calm: Tensor, spoilt: Tensor, weights: Tensor, config: HeadConfig
) -> None:
    """Outlier exposure: tell the calm (N, F) from the spoilt; weights: (N,) of the calm, sum 1"""
    facts = torch.cat([calm, spoilt])
    truth = torch.cat([torch.zeros(len(calm)), torch.ones(len(spoilt))])
    share = torch.cat([weights, torch.full((len(spoilt),), 1 / len(spoilt))]) / 2
    head = novelty.exposure
    tuner = torch.optim.AdamW(head.parameters(), lr=3e-3, weight_decay=config.decay)
    for _ in range(config.steps):
        fuzzy = facts + FUZZ * torch.randn_like(facts)
        kept = F.dropout(fuzzy, 0.3)
        each = F.binary_cross_entropy_with_logits(head(kept)[:, 0], truth, reduction="none")
        tuner.zero_grad()
        (each * share).sum().backward()
        tuner.step()


@torch.no_grad()
def left_out(cameras: dict[str, Seen], config: HeadConfig) -> dict[str, Judged]:
    """By camera: its frames, judged by what learnt from all others."""
    found = {}
    for name, one in cameras.items():
        with torch.enable_grad():
            novelty = fitted([other for key, other in cameras.items() if key != name], config)
        found[name] = Judged(novelty.scores(one.calm), novelty.scores(one.spoilt))
    return found


def calibrate(novelty: SceneNovelty, judged: list[Judged]) -> None:
    """Spread, weights and calm of the scores, from frames of left-out cameras."""
    calm, spoilt = (
        torch.cat([getattr(one, part) for one in judged]) for part in ("calm", "spoilt")
    )
    novelty.scores_spread.fit(calm)
    novelty.weights.data = learn_weights(novelty.deviations(calm), novelty.deviations(spoilt))
    for index, name in enumerate(SCORERS):
        fit_calm(novelty, name, calm[:, index])
    with torch.no_grad():
        fit_calm(novelty, COMBINED, novelty.combine(calm))


def fit_calm(novelty: SceneNovelty, name: str, scores: Tensor) -> None:
    calm = novelty.calm[name]
    assert isinstance(calm, CalmScores)
    calm.fit(scores)


def learn_weights(calm: Tensor, spoilt: Tensor) -> Tensor:
    """Of each scorer in the combination, >= 0: logistic regression on deviations (N, 7)"""
    raw = torch.zeros(calm.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    tuner = torch.optim.Adam([raw, bias], lr=0.05)
    for _ in range(500):
        weights = F.softplus(raw)
        loss = (
            F.softplus(calm @ weights + bias).mean() + F.softplus(-(spoilt @ weights) - bias).mean()
        )
        tuner.zero_grad()
        (loss + 0.01 * weights.square().sum()).backward()
        tuner.step()
    return F.softplus(raw.detach())
