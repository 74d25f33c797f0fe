"""Everything that the sheets about one frame show, worked out from the networks and the frames.

S side of what the network sees [px], T steps of STEP_S.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S, LatentLstm
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.pipeline import weights
from road_clarity.pipeline.calm_weights import load_calm
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.overlay import Pixels
from road_clarity.pipeline.panels.predicted import PredictedAccount
from road_clarity.pipeline.panels.redrawn import RedrawnAccount
from road_clarity.pipeline.world import GAP_S, network_input, pair_of
from road_clarity.safety import anomaly
from road_clarity.safety.calm_layers import CalmLayers
from road_clarity.safety.cause import Cause
from road_clarity.safety.error_region import error_region
from road_clarity.safety.explanation import Explanation, explain
from road_clarity.safety.foresight import FEWEST, foresight
from road_clarity.safety.horizon import check_pair, encoded
from road_clarity.safety.latent_grid import STEPS, latent_grid, links, sensitivity
from road_clarity.safety.passage import object_and_ring
from road_clarity.safety.prediction_dynamics import ablation, dynamics, trajectory
from road_clarity.safety.prediction_relevance import change_size, prediction_relevance
from road_clarity.safety.rg_budget import frame_budget
from road_clarity.safety.scene import Box

Place = tuple[str, Box]  # what somebody wants to know about, and where it is [px]

STRANGEST = "what stands at the worst spot"
HISTORY = 32  # steps that are looked at, the frame itself included
TRACED = 16  # steps before the frame to which relevance is handed back
AHEAD = 10  # steps before the frame at which the guess is made that is shown
MOST_LATENTS = 3


@dataclass(frozen=True, eq=False)
class WorldPair:
    """An autoencoder and the memory that was made for it."""

    autoencoder: Autoencoder
    memory: LatentLstm
    names: str
    calm: CalmLayers | None = None  # what its layers answer on calm frames, where that is kept

    @classmethod
    def load(cls, name: str) -> WorldPair:
        """By the name of one of the two weights.  Raises BadInput."""
        seeing, remembering = pair_of(name)
        autoencoder, memory = weights.load(seeing)[0], weights.load(remembering)[0]
        if not isinstance(autoencoder, Autoencoder) or not isinstance(memory, LatentLstm):
            raise BadInput("model", name, "is no world model; take vae_edge or rg_edge")
        check_pair(autoencoder, memory)
        return cls(autoencoder, memory, f"{seeing}, {remembering}", load_calm(seeing))


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame, and what the network saw up to it."""

    frame: Frame
    steps: Tensor  # (T, 3, S, S) every STEP_S, the frame itself last


def moment_at(frames: Iterable[Frame], index: int, side: int) -> Moment:
    """The frame of that number in its recording.  Raises BadInput when there are fewer."""
    count = 0

    def up_to_it() -> Iterator[Frame]:
        nonlocal count
        for frame in islice(frames, index + 1):
            count += 1
            yield frame

    moment = last_moment(up_to_it(), side)
    if count <= index:
        raise BadInput("frame", index, f"the recording has {count} frames, from 0 to {count - 1}")
    return moment


def last_moment(frames: Iterable[Frame], side: int) -> Moment:
    """The last of these frames; a gap in time forgets what came before it.

    The memory counts steps, cameras do not: between two frames, steps are blended.
    """
    seen: list[tuple[int, Tensor]] = []  # stamps [ns] and what the network sees
    for frame in frames:
        if seen and not 0 <= frame.stamp_ns - seen[-1][0] <= GAP_S * 1e9:
            seen.clear()
        seen.append((frame.stamp_ns, network_input(frame.image, side)))
        while seen[-1][0] - seen[0][0] > (HISTORY + 1) * STEP_S * 1e9:
            del seen[0]
    return Moment(frame, at_steps(seen))


def at_steps(seen: Sequence[tuple[int, Tensor]]) -> Tensor:
    """Back from the last one, as far as there is something, at most HISTORY.

    seen: stamps [ns] and what was there, (1, ...) each -> (T, ...)
    """
    stamps = np.array([stamp for stamp, _ in seen], np.float64)
    there = torch.cat([x for _, x in seen])
    count = min(HISTORY, 1 + int((stamps[-1] - stamps[0]) / (STEP_S * 1e9) + 1e-6))
    wanted = stamps[-1] - STEP_S * 1e9 * np.arange(count)[::-1]
    places = np.interp(wanted, stamps, np.arange(len(stamps)))
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, len(stamps) - 1)
    share = torch.from_numpy(places - low).float().view(-1, *[1] * (there.ndim - 1))
    return torch.lerp(there[low], there[high], share)


@torch.no_grad()
def redrawn_account(
    pair: WorldPair, image: Pixels, places: Sequence[Place], about: str,
    calm: CalmLayers | None = None, asked: int | None = None,
) -> RedrawnAccount:  # fmt: skip
    """image: the camera's frame; places in it, to which the strangest is added.

    asked: the place that the caption speaks of; else the one with most of the error
    """
    net, size = pair.autoencoder, (image.shape[1], image.shape[0])
    x = network_input(image, net.side)
    seen = anomaly.look(net, x)
    strangest = error_region(seen.error_map[0].numpy(), size)
    named = [*places, *([(STRANGEST, strangest)] if strangest else [])]
    found = explain(net, x, [box for _, box in named], size, calm)
    subject = blamed(found) if asked is None else asked
    inside, _ = object_and_ring([found.regions[subject].box], size, net.side)
    mu = seen.latents[0]
    drawn = sorted(links(net, mu, {named[subject][0]: inside[0]}), key=lambda one: -one.share)
    chosen = drawn[:MOST_LATENTS]
    numbers = [one.latent for one in chosen]
    p = anomaly.judge(net, pair.memory, seen.scores, math.nan).error_p
    return RedrawnAccount(
        about, image, x[0], tuple(label for label, _ in named), found, subject, p,
        tuple(chosen), latent_grid(net, mu, None)[numbers], STEPS,
        sensitivity(net, mu, None)[numbers],
        frame_budget(net, x) if isinstance(net, RgBackbone) else None,
    )  # fmt: skip


def blamed(found: Explanation) -> int:
    """The region with most of the error among those that are not redrawn, if there are any."""
    lost = [n for n, one in enumerate(found.regions) if one.cause is not Cause.REDRAWN]
    return max(lost or range(len(found.regions)), key=lambda n: found.regions[n].error_share)


def rarity(p: float, what: str) -> str:
    """How many calm ones are at least as strange; nothing when that is not known."""
    return "" if math.isnan(p) else f"{p:.1%} of calm {what} are at least as strange."


@torch.no_grad()
def predicted_account(pair: WorldPair, steps: Tensor, about: str) -> PredictedAccount:
    """steps: (T, 3, S, S).  Raises BadInput when there is too little before the frame."""
    net, memory = pair.autoencoder, pair.memory
    guesses = foresight(net, memory, steps)
    mu = encoded(net, steps)
    expected, inside = memory(mu[None, :-1])[0][0], dynamics(memory, mu)
    surprise = anomaly.surprise(memory, expected, mu[1:])
    past = steps[-1 - TRACED : -1]
    return PredictedAccount(
        about, steps, net.decode(mu[-1:])[0], guesses, min(AHEAD, len(guesses.dreamt)),
        prediction_relevance(net, memory, past, change_size(memory)), inside,
        trajectory(inside.hidden), ablation(memory, mu) / (expected - mu[1:]).square().mean(),
        np.concatenate([[np.nan], surprise.double().numpy()]), net.latents,
        rarity(memory.calm_surprise.p_value(float(surprise[-1])), "steps"),
    )  # fmt: skip


def foreseen_account(
    pair: WorldPair, steps: Tensor, about: str
) -> tuple[PredictedAccount | None, str]:
    """The account, or why there is none: too early in the recording."""
    if len(steps) >= FEWEST:
        return predicted_account(pair, steps, about), ""
    before_s, needed_s = ((count - 1) * STEP_S for count in (len(steps), FEWEST))
    return None, (
        f"Nothing is said about its prediction: only {before_s:.1f} s come before this frame, and "
        f"{needed_s:.1f} s are needed."
    )
