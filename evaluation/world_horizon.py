"""How well frames are redrawn and the next seconds dreamt, by every pair on the same frames.

T frames of a clip; pictures are clamped to [0, 1], the exact error budget is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch

from road_clarity.evaluation.tally import Tally
from road_clarity.evaluation.world_clip import WorldClip
from road_clarity.evaluation.world_pairs import Pair
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.safety.horizon import (
    HORIZONS_S,
    PRIMED,
    drawn,
    encoded,
    horizon_errors,
    pixel_error,
)
from road_clarity.safety.prediction_surprise import predictability

AHEAD = 10  # steps of a dream whose latents say how predictable a moment is
LATENT = "latent"  # the last entry of the budget: the step to D numbers


class HorizonScores:
    """Collects clip after clip."""

    def __init__(self, pairs: Mapping[str, Pair]) -> None:
        self._pairs = pairs
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)

    @torch.no_grad()
    def add(self, clip: WorldClip) -> None:
        x = clip.x
        for kind, pair in self._pairs.items():
            mu = encoded(pair.autoencoder, x)
            redrawn = drawn(pair.autoencoder, mu)
            self._tallies[f"{kind} redrawn"].add(clip.group, pixel_error(redrawn, x))
            errors = horizon_errors(pair.autoencoder, pair.memory, x)
            self._tallies[f"{kind} dreamt"].add(clip.group, errors.dreamt)
            self._tallies[f"{kind} steady"].add(clip.group, errors.steady)
            ahead = predictability(pair.memory, mu, PRIMED, AHEAD)
            self._tallies[f"{kind} predictable"].add(clip.group, ahead.score)
            if isinstance(pair.autoencoder, RgBackbone):
                self._tallies[f"{kind} budget"].add(clip.group, budget(pair.autoencoder, x))
        self._tallies["copied"].add(clip.group, errors.copied)

    def of(self, kind: str) -> dict[str, Any]:
        """The scores of one pair."""
        tallies, redrawn = self._tallies, self._tallies[f"{kind} redrawn"]
        scores: dict[str, Any] = {
            "reconstruction_mse": number(redrawn),
            "reconstruction_mse_95": interval(redrawn),
            "horizon_mse": by_horizon(tallies[f"{kind} dreamt"]),
            "horizon_mse_95": intervals_by_horizon(tallies[f"{kind} dreamt"]),
            "predictability": number(tallies[f"{kind} predictable"]),
            "constant_velocity_mse": by_horizon(tallies[f"{kind} steady"]),
        }
        parts = tallies[f"{kind} budget"].mean()
        if parts is not None:
            steps = (*(f"encoder.{i}" for i in range(1, len(parts))), LATENT)
            scores["error_budget"] = dict(zip(steps, parts.tolist(), strict=True))
        return scores

    def copied(self) -> dict[str, float]:
        return by_horizon(self._tallies["copied"])

    @property
    def dreams(self) -> int:
        return self._tallies["copied"].count


def budget(net: RgBackbone, x: torch.Tensor) -> torch.Tensor:
    """Mean squared error that each step makes, before clamping: (T, steps)"""
    found = net.error_budget(x)
    return torch.stack([part.sum((1, 2)) for part in (*found.scales, found.top)], 1) / x[0].numel()


def number(tally: Tally) -> float | None:
    """Of a figure that is one number; None: never measured."""
    mean = tally.mean()
    return None if mean is None else float(mean)


def interval(tally: Tally) -> list[float] | None:
    found = tally.interval()
    return None if found is None else [float(end) for end in found]


def by_horizon(tally: Tally) -> dict[str, float]:
    mean = tally.mean()
    values = [] if mean is None else mean.tolist()
    return {f"{h:.1f}": value for h, value in zip(HORIZONS_S, values, strict=False)}


def intervals_by_horizon(tally: Tally) -> dict[str, list[float]] | None:
    found = tally.interval()
    if found is None:
        return None
    ends = zip(*(end.tolist() for end in found), strict=True)
    return {f"{h:.1f}": list(pair) for h, pair in zip(HORIZONS_S, ends, strict=True)}
