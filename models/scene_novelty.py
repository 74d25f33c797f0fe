"""How unlike the calm frames it knows a frame is, by several scorers, each with its own calm.

Everything it looks at was computed for another reason: pooled maps of the lane and the segmentation
network, the segmentation's doubt, statistics of the picture, errors of the world model.
Nearest neighbours after Sun et al. 2022 (arXiv:2204.06507), Mahalanobis distance after Lee et al.
2018 (arXiv:1807.03888), energy after Liu et al. 2020 (arXiv:2010.03759), outlier exposure after
Hendrycks et al. 2019 (arXiv:1812.04606).
B batch, F facts of a frame, K vectors in the bank; nan until calibrated.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from road_clarity.models.nominal import CalmScores, CalmSpread, Whitening, calibration_id

LANE, SEGMENTATION, DOUBT, STATISTICS, WORLD = 128, 192, 5, 36, 3  # facts of each kind
FEATURES = LANE + SEGMENTATION
FACTS = FEATURES + DOUBT + STATISTICS + WORLD
STATISTICS_PART = slice(FEATURES + DOUBT, FEATURES + DOUBT + STATISTICS)  # of all facts
BANK, NEIGHBOURS = 256, 5
HIDDEN = 48
FARTHEST = 8.0  # standard deviations beyond which a fact is not believed to be farther
SCORERS = ("reconstruction", "latent", "features", "energy", "entropy", "statistics", "exposure")
COMBINED = "combined"


class Facts(NamedTuple):
    """What is known about frames.  Every part (B, its size); nan where it is not known."""

    lane: Tensor  # pooled map of the lane network
    segmentation: Tensor  # pooled map of the segmentation network
    doubt: Tensor  # mean and high energy, mean and high entropy, mean certainty
    statistics: Tensor  # of the picture
    world: Tensor  # unexplained contrast, tail of the errors, latent distance; logarithms

    def joined(self) -> Tensor:
        """(B, F)"""
        return torch.cat(tuple(self), dim=1)


class SceneNovelty(nn.Module):
    """Facts in; scores (B, 7) of SCORERS and the combined score (B,) out.  Larger is stranger."""

    stored = torch.float32

    def __init__(self) -> None:
        super().__init__()
        self.spread = CalmSpread(FACTS)
        self.whitening = Whitening(STATISTICS)
        self.register_buffer("bank", torch.full((BANK, FEATURES), math.nan))
        self.exposure = nn.Sequential(nn.Linear(FACTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
        self.scores_spread = CalmSpread(len(SCORERS))
        self.weights = nn.Parameter(torch.full((len(SCORERS),), math.nan))
        self.calm = nn.ModuleDict({name: CalmScores() for name in (*SCORERS, COMBINED)})

    def standard(self, facts: Facts) -> Tensor:
        """(B, F) in calm standard deviations, not beyond FARTHEST"""
        away: Tensor = self.spread(facts.joined())
        return away.clamp(-FARTHEST, FARTHEST)

    def scores(self, facts: Facts) -> Tensor:
        """(B, 7), in the order of SCORERS; nan where a fact is missing"""
        standard = self.standard(facts)
        world = standard[:, -WORLD:]
        return torch.stack(
            [
                F.softplus(world).square().sum(dim=1).log(),
                facts.world[:, 2],
                self.neighbours(standard[:, :FEATURES]).log(),
                facts.doubt[:, 0],
                facts.doubt[:, 2],
                self.whitening(standard[:, STATISTICS_PART]).log(),
                self.exposure(standard)[:, 0],
            ],
            dim=1,
        )

    def neighbours(self, features: Tensor) -> Tensor:
        """Distance to the fifth nearest calm frame: (B, 320) -> (B,)"""
        distances = torch.cdist(features, self.get_buffer("bank"))
        return distances.topk(NEIGHBOURS, dim=1, largest=False).values[:, -1]

    def deviations(self, scores: Tensor) -> Tensor:
        """(B, 7) in standard deviations of the scores of calm frames"""
        away: Tensor = self.scores_spread(scores)
        return away.clamp(-FARTHEST, FARTHEST)

    def combine(self, scores: Tensor) -> Tensor:
        """(B, 7) -> (B,); inf where anything is missing: what cannot be judged is strange"""
        together = (self.deviations(scores) * self.weights).sum(dim=1)
        return together.nan_to_num(math.inf, math.inf, math.inf)

    def p_values(self, scores: Tensor) -> dict[str, float]:
        """Of one frame, scores (1, 7): by each scorer and combined; nothing known is strangest."""
        values = [*scores[0].tolist(), float(self.combine(scores))]
        named = zip((*SCORERS, COMBINED), values, strict=True)
        return {name: self._p_value(name, value) for name, value in named}

    def _p_value(self, name: str, value: float) -> float:
        calm = self.calm[name]
        assert isinstance(calm, CalmScores)
        return calm.p_value(math.inf if math.isnan(value) else value)

    def calibration_id(self) -> str:
        """Names the calm frames that the p-values speak of."""
        return calibration_id(self)
