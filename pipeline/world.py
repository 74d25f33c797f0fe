"""The world model at work: every frame is redrawn from its latent, and the next second is dreamt.

Inspired by On the Road to Clarity (Roshdi et al. 2024, arXiv:2404.17350).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S, LatentLstm, State
from road_clarity.pipeline.answers import require_finite
from road_clarity.pipeline.backends.network import load
from road_clarity.pipeline.backends.runtime import FP32, PRECISIONS, RuntimeConfig
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.latent_clock import LatentClock
from road_clarity.pipeline.weights import names, read_card
from road_clarity.safety import anomaly
from road_clarity.safety.horizon import check_pair
from road_clarity.safety.scene import Latent, World
from road_clarity.safety.settings import setting

GAP_S = 0.5  # a longer pause between frames starts the memory anew [s]


@dataclass(frozen=True, kw_only=True)
class WorldConfig(RuntimeConfig):
    """Which world model, and how far it looks ahead."""

    vae: str = setting("vae_edge", "weights of the autoencoder")
    lstm: str = setting("lstm_edge", "weights of the memory, made for this autoencoder")
    horizon_s: float = setting(
        1.0, "how far the predicted picture looks ahead [s]", low=STEP_S, high=3.0
    )
    precision: str = setting(
        FP32, "fp32, in which its calibration was made; bf16; or auto", among=PRECISIONS
    )


class WorldStage:
    """Frame in, World out.  Remembers the drive; a gap or a jump in time forgets it."""

    def __init__(self, config: WorldConfig, device: str) -> None:
        self._device = device
        vae = load(config.vae, Autoencoder, config, device)
        lstm = load(config.lstm, LatentLstm, config, device)
        check_pair(vae.network, lstm.network)
        check_made_for(vae.card, lstm.card)
        self.networks, self._vae, self._lstm = (vae, lstm), vae.network, lstm.network
        self._steps = round(config.horizon_s / STEP_S)
        self._space = vae.card.identity
        self._calibration_id = anomaly.world_calibration_id(self._vae, self._lstm)
        self._clock = LatentClock(round(STEP_S * 1e9), round(GAP_S * 1e9))
        self.reset()

    def reset(self) -> None:
        """Forget the drive so far."""
        self._clock.reset()
        self._state: State | None = None
        self._expected: Tensor | None = None  # (1, D) the latent of the next step
        self._surprise = math.nan
        self._prediction: NDArray[np.uint8] | None = None

    @torch.inference_mode()
    def run(self, frame: Frame) -> World:
        if self._clock.broken(frame.stamp_ns):
            self.reset()
        seen = anomaly.look(self._vae, network_input(frame.image, self._vae.side).to(self._device))
        require_finite("world", seen.latents)
        self._remember(self._clock.push(frame.stamp_ns, seen.latents))
        verdict = anomaly.judge(self._vae, self._lstm, seen.scores, self._surprise)
        return World(
            stamp_ns=frame.stamp_ns,
            error=float(seen.error_map.mean()),
            error_p=verdict.error_p,
            error_map=seen.error_map[0].cpu().numpy(),
            surprise=self._surprise,
            surprise_p=verdict.surprise_p,
            horizon_s=self._steps * STEP_S,
            p_value=verdict.p_value,
            calibration_id=self._calibration_id,
            reconstruction=picture(seen.reconstruction),
            prediction=self._prediction,
            latent=placed(self._vae, seen.latents, self._space),
            scores=tuple(seen.scores[0].tolist()),
        )

    def _remember(self, due: list[Tensor]) -> None:
        """Step the memory over the latents that are due; dream once, from the last of them."""
        for latent in due:
            if self._expected is not None:
                self._surprise = float(anomaly.surprise(self._lstm, self._expected, latent))
            self._expected, self._state = self._lstm.step(latent, self._state)
            if not bool(self._expected.isfinite().all()):
                self.reset()  # it would remember nan for ever
                raise ValueError("the memory's answer is not finite")
        if due and self._expected is not None:
            ahead = self._expected
            if self._steps > 1:
                ahead = self._lstm.dream(ahead, self._state, self._steps - 1)[:, -1]
            self._prediction = picture(self._vae.decode(ahead))


def placed(vae: Autoencoder, latents: Tensor, space: str) -> Latent:
    """latents: (1, D)"""
    whitened = vae.calm_latent.white(latents)
    return Latent(latents[0].cpu().numpy(), whitened[0].cpu().numpy(), space)


def check_made_for(vae: Card, lstm: Card) -> None:
    """Raises BadInput for a memory that learnt the latents of another autoencoder."""
    if lstm.made_for and lstm.made_for != vae.name:
        raise BadInput(
            "world.lstm", lstm.name, f"was made for {lstm.made_for}, not for {vae.name}; "
            f"set world.vae={lstm.made_for} or another memory",
        )  # fmt: skip


def pair_of(name: str) -> tuple[str, str]:
    """Names of the autoencoder and the memory that belong together, one of which is `name`.

    Raises BadInput when it is alone.
    """
    card = read_card(name)
    if card.made_for:
        return card.made_for, name
    for other in names():
        if read_card(other).made_for == name:
            return name, other
    raise BadInput("weights", name, "no memory was made for them; `road-clarity train world` does")


def network_input(image: NDArray[np.uint8], side: int) -> Tensor:
    """The whole frame (H, W, 3), squeezed by averaging areas: (1, 3, side, side) in [0, 1]"""
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255


def picture(x: Tensor) -> NDArray[np.uint8]:
    """(1, 3, h, w) -> (h, w, 3).  A linear code may overshoot black and white; what is no number
    is drawn black."""
    levels = (x[0].nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().cpu().numpy()
