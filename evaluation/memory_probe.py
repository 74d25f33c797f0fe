"""Does the memory's state tell that somebody matters?

`python -m road_clarity.evaluation.memory_probe` prints it for the pedestrian's view.
A linear readout (ridge regression) of the state after every step, fitted on some streets and asked
about others: the area under its ROC curve, for moments in which somebody matters against those in
which nobody does.  The same is fitted on latents alone, and on the states of memories with shuffled
weights: what these tell as well needed no learning.
N moments, C numbers that are read out.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from road_clarity.evaluation.world_clip import WorldClip
from road_clarity.evaluation.world_pairs import Pair, load_pairs
from road_clarity.evaluation.world_relevance import matter_at
from road_clarity.evaluation.world_streets import simulated_clips, stories_of
from road_clarity.safety.faithfulness import randomised
from road_clarity.safety.horizon import encoded
from road_clarity.safety.prediction_salience import WINDOW

FITTED, ASKED = range(1000, 1008), range(20100, 20108)  # seeds
PENALTY = 30.0  # on the squared weights of standardised numbers
SHUFFLES = (0, 1)  # seeds
SECONDS = 6.0


@torch.no_grad()
def probe(pair: Pair, fitted: Sequence[WorldClip], asked: Sequence[WorldClip]) -> dict[str, float]:
    """Areas under the curve, 0.5 is chance: of state, latent, state of shuffled memories."""
    nets = [pair.memory, *(randomised(pair.memory, seed) for seed in SHUFFLES)]
    names = ["state", *(f"state_shuffled_{seed}" for seed in SHUFFLES)]
    codes = [[encoded(pair.autoencoder, clip.x) for clip in clips] for clips in (fitted, asked)]
    found = {"latent": told(*(late(one) for one in codes), *labels(fitted, asked))}
    for name, net in zip(names, nets, strict=True):
        states = [[net.lstm(mu[None])[0][0] for mu in one] for one in codes]
        found[name] = told(*(late(one) for one in states), *labels(fitted, asked))
    return found


def late(values: Sequence[Tensor]) -> Tensor:
    """From where the memory has seen enough, of all clips: (N, C)"""
    return torch.cat([one[WINDOW - 1 :] for one in values])


def labels(*clips: Sequence[WorldClip]) -> list[Tensor]:
    """Whether somebody matters: (N,) bool for each"""
    return [
        torch.cat([matter_at(c, WINDOW - 1, len(c.frames)).any(2).any(1) for c in some])
        for some in clips
    ]


def told(fitted: Tensor, asked: Tensor, matters: Tensor, truth: Tensor) -> float:
    """Two (N, C) and whether somebody matters in each."""
    mean, deviation = fitted.mean(0), fitted.std(0) + 1e-3
    known = (fitted - mean) / deviation
    wanted = matters.float() - matters.float().mean()
    gram = known.T @ known + PENALTY * torch.eye(known.shape[1])
    scores = ((asked - mean) / deviation) @ torch.linalg.solve(gram, known.T @ wanted)
    yes, no = scores[truth], scores[~truth]
    higher = (yes[:, None] > no).float() + 0.5 * (yes[:, None] == no).float()
    return float(higher.mean())


def main(view: str = "pedestrian") -> None:
    torch.set_num_threads(1)
    side = 64
    fitted, asked = (
        list(simulated_clips(seeds, stories_of(view, []), view, side, SECONDS))
        for seeds in (FITTED, ASKED)
    )
    for kind, pair in load_pairs(view).items():
        areas = probe(pair, fitted, asked).items()
        print(kind, *(f"{name} {area:.3f}" for name, area in areas))


if __name__ == "__main__":
    main()
