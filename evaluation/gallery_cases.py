"""The cases of the gallery: what is shown of each, and what is said about it.

All figures in the text are taken from the account that the sheet shows.
S side of what the network sees [px].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import cv2
from torch import Tensor

from road_clarity.evaluation.world_causes import usual
from road_clarity.evaluation.world_streets import calm_clips
from road_clarity.models.latent_lstm import STEP_S
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.overlay import Pixels
from road_clarity.pipeline.panels.predicted import predicted_sheet
from road_clarity.pipeline.panels.redrawn import RedrawnAccount, picture, redrawn_sheet
from road_clarity.pipeline.world import network_input
from road_clarity.pipeline.world_account import (
    Moment,
    Place,
    WorldPair,
    moment_at,
    predicted_account,
    redrawn_account,
)
from road_clarity.safety.calm_layers import CalmLayers
from road_clarity.safety.lesions import carriers, dead_channels
from road_clarity.safety.planted_objects import alien, tiny
from road_clarity.safety.scene import Box
from road_clarity.training.simulator.film import SimFrame, simulate

Planting = Callable[[Tensor, int], tuple[Tensor, Box]]

SIZE = (320, 180)  # of the rendered frames [px]
FPS = 10.0
FEWEST_PX = 60  # of a road user that is asked about
MOST_PLACES = 4
CAR_VAE = "vae_edge"
EYES_VAE, EYES_RG = "vae_pedestrian", "rg_pedestrian"
NO_TRUTH = (
    "Simulated streets are plain, with flat colours and few textures; these pictures say nothing "
    "about real video."
)


@dataclass(frozen=True)
class Case:
    """One chapter."""

    title: str
    seen: str
    numbers: str
    source: str
    not_shown: str
    sheets: dict[str, Pixels]  # by the name of their file


@dataclass(frozen=True)
class Shot:
    """One moment of a simulated story."""

    story: str
    seed: int
    frame: int
    view: str = "car"

    @property
    def words(self) -> str:
        return (
            f"simulated {self.story}, seed {self.seed}, {self.view} view, {self.frame / FPS:.1f} s"
        )


class Studio:
    """Networks, streets and what is calm, each made once."""

    def __init__(self) -> None:
        self.pair = cache(WorldPair.load)
        self.calm = cache(self._calm)
        self.take = cache(take)
        self._clips = cache(lambda view, side: list(calm_clips(view, side)))

    def _calm(self, name: str, view: str) -> CalmLayers:
        net = self.pair(name).autoencoder
        return usual(net, self._clips(view, net.side))

    def redrawn(self, name: str, shot: Shot, asked: int | None = None) -> RedrawnAccount:
        """The frame as it is.  asked: the place that is spoken of, 0 is the largest road user"""
        moment, places = self.moment(name, shot)
        calm = self.calm(name, shot.view)
        image = moment.frame.image
        return redrawn_account(self.pair(name), image, places, about(name, shot), calm, asked)

    def moment(self, name: str, shot: Shot) -> tuple[Moment, list[Place]]:
        """The frame with what came before it, and the road users in it."""
        film = self.take(shot)
        frames = [Frame(n, one.stamp_ns, one.image) for n, one in enumerate(film)]
        side = self.pair(name).autoencoder.side
        return moment_at(frames, shot.frame, side), road_users(film[shot.frame])


def take(shot: Shot) -> list[SimFrame]:
    seconds = (shot.frame + 1) / FPS
    return list(simulate(shot.seed, shot.story, SIZE, FPS, seconds, shot.view))


def about(name: str, shot: Shot) -> str:
    return f"{shot.words}; network {name}"


def road_users(frame: SimFrame) -> list[Place]:
    """The largest ones that are seen."""
    large = sorted(frame.truth.instances, key=lambda one: -one.pixels)[:MOST_PLACES]
    return [(f"{one.label} {one.id}", one.box) for one in large if one.pixels >= FEWEST_PX]


def pasted(image: Pixels, box: Box, small: Pixels) -> tuple[Pixels, Box]:
    """What is in a box of the network's picture (S, S, 3), pasted into the camera's frame."""
    side = len(small)
    sx, sy = image.shape[1] / side, image.shape[0] / side
    x0, y0, x1, y1 = (int(value) for value in box)
    left, top, right, bottom = round(x0 * sx), round(y0 * sy), round(x1 * sx), round(y1 * sy)
    patch = cv2.resize(
        small[y0:y1, x0:x1], (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
    )
    changed = image.copy()
    changed[top:bottom, left:right] = patch
    return changed, (float(left), float(top), float(right), float(bottom))


def with_planted(studio: Studio, shot: Shot, kind: Planting, seed: int) -> RedrawnAccount:
    """The frame with something in it that was not there."""
    moment, _ = studio.moment(CAR_VAE, shot)
    image = moment.frame.image
    x, box = kind(network_input(image, studio.pair(CAR_VAE).autoencoder.side), seed)
    changed, place = pasted(image, box, picture(x[0]))
    return redrawn_account(
        studio.pair(CAR_VAE), changed, [("the planted object", place)], about(CAR_VAE, shot),
        studio.calm(CAR_VAE, shot.view), asked=0,
    )  # fmt: skip


CALM = Shot("calm_drive", 20004, 30)
STREET = Shot("crossing", 20001, 30)
DART_OUT = Shot("pedestrian_dart_out", 20012, 44)
PARKED = Shot("parked_street", 20003, 45)
EYES = Shot("crossing", 20004, 40, "pedestrian")
HURT_LAYER, HURT_CHANNELS = "encoder.2", 16


def calm_frame(studio: Studio) -> Case:
    account = studio.redrawn(CAR_VAE, CALM)
    return Case(
        "A calm frame",
        "A road as the network knows it. What is left is a blurred picture: edges of the road, "
        "lane markings, and whatever is small.",
        f"{account.caption} The mean squared error is {error(account)}.",
        "The share of calm frames is a conformal p-value against the frames that the network was "
        "calibrated on.",
        "That an ordinary error is a small one. What matters may hide in it: the network sees 64 "
        "pixels a side.",
        {"calm": redrawn_sheet(account)},
    )


def unseen_object(studio: Studio) -> Case:
    account = with_planted(studio, STREET, alien, seed=3)
    region = account.region
    return Case(
        "An object that the network never saw",
        "A loud pattern, planted into the frame. The redrawn picture has nothing of it.",
        f"{account.caption} The layer is {region.layer}, and {top_maps(account)}.",
        "Every layer knows the cells of calm frames; the pattern's cells are farther from them, "
        "by a margin, than those of 99 in 100 calm road users (safety/calm_layers.py).",
        "What the object is. The network knows only that it is unlike what it was calibrated on.",
        {"unseen": redrawn_sheet(account)},
    )


def tiny_object(studio: Studio) -> Case:
    account = with_planted(studio, PARKED, tiny, seed=5)
    return Case(
        "A tiny object",
        "A speck of one or two of the network's pixels, as a far pedestrian is.",
        f'{account.caption} Farther on the chart says "too coarse": object and '
        "surroundings fall into the same cells.",
        "Geometry: its area against that of a cell of the layer, half of which it must fill "
        "(safety/explanation.py).",
        "Whether a network of 128 pixels a side would hold it; that needs other weights, not "
        "another explanation.",
        {"tiny": redrawn_sheet(account)},
    )


def lesioned_channels(studio: Studio) -> Case:
    """The channels that carry the largest road user say nothing any more."""
    moment, places = studio.moment(CAR_VAE, STREET)
    pair, image = studio.pair(CAR_VAE), moment.frame.image
    x, size = network_input(image, pair.autoencoder.side), (image.shape[1], image.shape[0])
    channels = carriers(pair.autoencoder, x, places[0][1], size, HURT_LAYER, HURT_CHANNELS)
    lesion = dead_channels(pair.autoencoder, HURT_LAYER, channels)
    hurt = replace(pair, autoencoder=lesion.network)
    account = redrawn_account(
        hurt, image, places, f"{about(CAR_VAE, STREET)}, hurt",
        studio.calm(CAR_VAE, STREET.view), asked=0,
    )  # fmt: skip
    blamed = {one.channel for one in account.region.maps if one.share > 0}
    right = len(blamed & set(channels))
    return Case(
        "A damaged network",
        f"The same street, but {HURT_CHANNELS} channels of {HURT_LAYER} were set to 0: those that "
        f"carry {places[0][0]}.",
        f"{account.caption} The sheet blames {account.region.layer}; {right} of the "
        f"{HURT_CHANNELS} channels that were silenced are among the {len(blamed)} it names.",
        "Each channel's liveliness on calm frames of the healthy network (safety/calm_layers.py). "
        "The damage is planted, so the true answer is known.",
        "Damage that changes nothing on calm frames, or that makes channels a little weaker.",
        {"damaged": redrawn_sheet(account)},
    )


def dart_out(studio: Studio) -> Case:
    moment, _ = studio.moment(CAR_VAE, DART_OUT)
    account = predicted_account(studio.pair(CAR_VAE), moment.steps, about(CAR_VAE, DART_OUT))
    seen, ahead = account.foresight, account.ahead
    return Case(
        "Somebody steps out: predicted badly",
        "Left, what the network had before its eyes; then what it dreamt, and what came.",
        f"{account.caption} {ahead * STEP_S:.1f} s before, the dream's error is "
        f"{float(seen.dreamt[ahead - 1]):.4f}, that of the last picture shown again "
        f"{float(seen.copied[ahead - 1]):.4f}, that of redrawing {seen.redrawn:.4f}.",
        "Relevance is handed back from the predicted change through the LSTM (layer-wise relevance "
        "propagation, its sum is conserved) and through the encoder to pixels.",
        "That somebody would come: nothing in the frames before says so. A surprise is no fault of "
        "the network.",
        {"dart_out": predicted_sheet(account)},
    )


def side_by_side(studio: Studio) -> Case:
    """The same frame by the transparent backbone and by the trained autoencoder."""
    exact, trained = (studio.redrawn(name, EYES, asked=0) for name in (EYES_RG, EYES_VAE))
    budget = exact.budget
    assert budget is not None  # it is what the backbone has and the other has not
    shares = budget.maps.sum((1, 2)) / budget.maps.sum()
    parts = ", ".join(
        f"{step} {share:.0%}" for step, share in zip(budget.steps, shares.tolist(), strict=True)
    )
    return Case(
        "The transparent backbone beside the trained network",
        "What a pedestrian sees, redrawn by a network that was computed from frames and by one "
        "that was trained, both through 32 numbers.",
        f"Mean squared error {error(exact)} against {error(trained)}. Of the backbone's error the "
        f"steps have: {parts}; together all of it, exactly. Backbone: {exact.caption} Trained "
        f"network: {trained.caption}",
        "The backbone's scales are orthogonal, so the error of every pixel splits without "
        "remainder (safety/rg_budget.py). Of the trained network only what hooks in its layers see "
        "can be said.",
        f"Which of the two to trust on real roads. {NO_TRUTH}",
        {"backbone": redrawn_sheet(exact), "trained": redrawn_sheet(trained)},
    )


def error(account: RedrawnAccount) -> str:
    return f"{float(account.found.error_map.mean()):.4f}"


def top_maps(account: RedrawnAccount) -> str:
    first, second = account.region.maps[:2]
    return (
        f"its maps {first.channel} and {second.channel} have {first.share:.0%} and "
        f"{second.share:.0%} of the blame"
    )


CASES: tuple[Callable[[Studio], Case], ...] = (
    calm_frame, unseen_object, tiny_object, lesioned_channels, dart_out, side_by_side,
)  # fmt: skip
