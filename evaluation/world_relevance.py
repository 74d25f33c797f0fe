"""Do the memory's relevance maps point at what matters, and do they say what the memory goes by?

NSS against the road user that matters; deletion and insertion curves (Petsiuk et al. 2018, RISE,
arXiv:1806.07421, section 4.1) with a random order beside them; the sanity check by shuffled weights
(Adebayo et al. 2018, arXiv:1810.03292); stability from one frame to the next.
T frames of a clip, S side of the pictures [px].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from road_clarity.evaluation.tally import Tally
from road_clarity.evaluation.world_clip import WorldClip
from road_clarity.evaluation.world_pairs import Pair
from road_clarity.models.latent_lstm import LatentLstm, State
from road_clarity.safety.attention import nss
from road_clarity.safety.faithfulness import (
    Score,
    area,
    deletion,
    insertion,
    randomised,
    rank_correlation,
    stability,
)
from road_clarity.safety.horizon import encoded
from road_clarity.safety.motion_taken_back import taken_back
from road_clarity.safety.own_motion import carried
from road_clarity.safety.prediction_salience import WINDOW, salience, smoothed

APART = 5  # frames from one moment that is looked at to the next
COVERED = 0.5  # share of a pixel from which on it counts as the road user's
FEWEST_PX = 4  # of which less does not count as seen
CURVES = 4  # at every so many moments, the slow figures: curves and shuffled weights
SEED = 0


class RelevanceScores:
    """Collects clip after clip, for every pair."""

    def __init__(self, pairs: Mapping[str, Pair]) -> None:
        self._pairs = pairs
        self._shuffled = {
            kind: Pair(randomised(pair.autoencoder, SEED), randomised(pair.memory, SEED), {})
            for kind, pair in pairs.items()
        }
        self._forgetful = {
            kind: Pair(pair.autoencoder, self._shuffled[kind].memory, {})
            for kind, pair in pairs.items()
        }
        self._tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
        self._chance = torch.Generator().manual_seed(SEED)

    @torch.no_grad()
    def add(self, clip: WorldClip) -> None:
        for number, t in enumerate(range(WINDOW - 1, len(clip.frames) - 1, APART)):
            seen = clip.x[t - WINDOW + 1 : t + 2]
            for kind, pair in self._pairs.items():
                maps = salience(pair.autoencoder, pair.memory, seen)  # of t and t + 1
                self._note(kind, "nss", clip, agreement(maps, clip, t))
                self._note(kind, "stability", clip, stability(maps))
                self._note(kind, "nss_taken_back", clip, undone(pair, clip, t, seen))
                if number % CURVES == 0:
                    self._slow(kind, clip, t, seen[:-1], maps[:1])
            self._note("frame_difference", "nss", clip, agreement(changes(seen[-3:]), clip, t))
            left = residue(seen[-3:])
            self._note("own_motion_taken_out", "nss", clip, agreement(left, clip, t))
            self._note("centre", "nss", clip, agreement(centre(seen[-2:]), clip, t))

    def _slow(self, kind: str, clip: WorldClip, t: int, x: Tensor, found: Tensor) -> None:
        """Of the frame t, the last of x (WINDOW, 3, S, S), and its map (1, S, S)."""
        for other, end in ((self._shuffled, "_shuffled"), (self._forgetful, "_memory_shuffled")):
            pair = other[kind]
            maps = salience(pair.autoencoder, pair.memory, x)
            if other is self._shuffled:
                self._note(kind, "randomisation", clip, rank_correlation(found, maps))
            self._note(kind, f"nss{end}", clip, agreement(maps, clip, t))
            self._note(kind, f"nss_taken_back{end}", clip, undone(pair, clip, t, x))
        score = still_predicted(self._pairs[kind], x)
        blank = carried(x[-2:])[0]
        by_chance = torch.rand(found[0].shape, generator=self._chance)
        for order, name in ((found[0], ""), (by_chance, "_random")):
            for figure, curve in (("deletion", deletion), ("insertion", insertion)):
                value = area(curve(score, x[-1], order, blank))
                self._note(kind, figure + name, clip, torch.tensor([value]))

    def _note(self, kind: str, figure: str, clip: WorldClip, values: Tensor) -> None:
        """What cannot be said (nan) does not count."""
        self._tallies[kind, figure].add(clip.group, values[values.isfinite()].numpy())

    def tally(self, kind: str, figure: str) -> Tally:
        return self._tallies[kind, figure]


def undone(pair: Pair, clip: WorldClip, t: int, x: Tensor) -> Tensor:
    """NSS of the motion that the memory takes back; x: WINDOW frames up to t, and later ones."""
    if not matter_at(clip, t, len(x) - WINDOW + 1).any():
        return torch.empty(0)
    return agreement(taken_back(pair.autoencoder, pair.memory, x), clip, t)


def agreement(maps: Tensor, clip: WorldClip, t: int) -> Tensor:
    """NSS of the maps (N, S, S) of the frames from t on, where somebody matters there."""
    covered = matter_at(clip, t, len(maps))
    seen = covered.any(2).any(1)
    return nss(maps[seen], covered[seen])


def matter_at(clip: WorldClip, t: int, count: int) -> Tensor:
    """Pixels of the road user that matters: (N, S, S) bool; none where too little of it is seen"""
    if clip.matters is None:
        return torch.zeros(count, *clip.frames.shape[1:3], dtype=torch.bool)
    covered = torch.from_numpy(clip.matters[t : t + count]) >= COVERED
    return covered & (covered.sum((1, 2), keepdim=True) >= FEWEST_PX)


def changes(x: Tensor) -> Tensor:
    """What needs no network: how much each frame differs from the one before, (T - 1, S, S)"""
    return (x[1:] - x[:-1]).abs().sum(1)


def residue(x: Tensor) -> Tensor:
    """What needs no network either: the same without our own motion, smoothed: (T - 1, S, S)"""
    return smoothed((x[1:] - carried(x)).abs().sum(1))


def centre(x: Tensor) -> Tensor:
    """What needs no picture: a spot in the middle, with a deviation of a quarter: (T, S, S)"""
    side = x.shape[-1]
    off = (torch.arange(side) - (side - 1) / 2) / (side / 4)
    spot = (-(off.square()[:, None] + off.square()) / 2).exp()
    return spot.expand(len(x), side, side)


def still_predicted(pair: Pair, x: Tensor) -> Score:
    """How much of the prediction after x (T, 3, S, S) remains when its last frame is replaced.

    1: all of it; 0: as far off [calm deviations] as if only our own motion had changed the frame
    before.  It can be negative.
    """
    mu = encoded(pair.autoencoder, torch.cat([x, carried(x[-2:])]))
    before: State = pair.memory(mu[None, :-2])[1]
    full, blank = following(pair.memory, mu[-2:], before)
    farthest = (blank - full).norm().clamp_min(1e-9)

    def score(pictures: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N,)"""
        found = following(pair.memory, encoded(pair.autoencoder, pictures), before)
        off: Tensor = (found - full).norm(dim=1) / farthest
        return 1 - off

    return score


def following(memory: LatentLstm, z: Tensor, state: State) -> Tensor:
    """The latents after z (N, D), each from the same state, in calm deviations: (N, D)"""
    hidden, cell = (part.expand(-1, len(z), -1).contiguous() for part in state)
    whitening: Tensor = memory.calm_change.get_buffer("matrix")
    expected, _ = memory.step(z, (hidden, cell))
    calm: Tensor = expected @ whitening.T
    return calm
