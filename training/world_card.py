"""What the world model is worth, on the test half of the held-out frames, as its cards tell it.

N frames, T steps, D latent dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.cards import Card
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.safety import anomaly
from road_clarity.safety.horizon import HORIZONS_S
from road_clarity.training.odd_frames import ODD
from road_clarity.training.world_batches import to_tensor
from road_clarity.training.world_calibration import scores, surprises
from road_clarity.training.world_clips import LICENCES, SIMULATED_STREETS, Clip
from road_clarity.training.world_lstm import clip_errors, latent_run
from road_clarity.training.world_vae import pixel_mse

COMMAND = "road-clarity train world"
KIND_NOTES = {
    "vae": "ConvVAE of World Models, trained by gradient descent.",
    "rg": "Transparent backbone: coarse graining computed from frames, no gradient descent.  Every "
    "latent\nand every pair of latents has one picture that it adds; kept in float32, so that its "
    "error\nbudget is exact.",
    "pca": "The strongest principal components of whole frames: the best linear code there is.",
}
AUTOENCODER_NOTES = """
{kind}
Redraws street frames of {view} view through 32 numbers.

Learnt from {learnt}.
Calm scores come from held-out clips in which nobody is in danger.
Metrics are of {tested}.
auroc_X: calm test frames against X made from them, by the scores of the single frame.  Calm
p-values should lie evenly in 0..1: median 0.5, and 0.05 of them below 5 percent.

Known failures: 32 numbers draw no small or thin things (people far away, lane dashes), so an error
there is calm; what the clips do not show (other cities, a real pedestrian's eyes) counts as
strange.

{shipped}
"""
MEMORY_NOTES = """
Predicts the next latent of {autoencoder} every 0.1 s (LSTM of 256 cells).
Learnt from its clips.  Metrics are of {tested}:
pictures dreamt 0.5, 1 and 2 s ahead.  copied_mse: the last frame shown again; steady_mse: latents
that go on as they last moved; ratio: predicted over copied.

Known failures: a dream fades into the average street; what comes round the corner is not foreseen.

{shipped}
"""
SIMULATED = "simulated streets (every story, seeds from 1000 on)"
LEARNT_FROM = {
    "car": f"the first four fifths of the real clips and {SIMULATED}",
    "pedestrian": SIMULATED,
}
TESTED_ON = {
    "car": "the last tenth of the real clips, and of simulated seeds 20016..20031",
    "pedestrian": "simulated seeds 20016..20031",
}
SHIPPED = {  # by view, or by autoencoder where it differs
    "car": """
The shipped files learnt from {clips} simulated clips, of which 24 were rendered before the
simulator had night, fog and rain.""",
    "pedestrian": """
The shipped files learnt from {clips} clips, of which 464 were rendered before the simulator had
night, fog and rain; all held-out clips have them.  The VAE began with vae_edge and was stopped
and continued three times as clips came in.""",
    "rg_pedestrian": """
The shipped files learnt from {clips} clips and streets, as the recipe says, all rendered since the
simulator has night, fog and rain; vae_pedestrian and pca_pedestrian learnt from fewer.""",
}
COUPLED = """What its fast modes follow was fitted later, to {coupled} clips and streets."""
LEAST_S = 5.0  # of a clip whose prediction is measured


def auroc(calm: Tensor, odd: Tensor) -> float:
    """Share of (calm, odd) pairs in which the odd one scores higher; a tie counts half."""
    higher = (odd[:, None] > calm).float() + 0.5 * (odd[:, None] == calm).float()
    return float(higher.mean())


@torch.no_grad()
def still_metrics(vae: Autoencoder, clips: list[Clip]) -> dict[str, float]:
    """Reconstruction; evenness of p-values; calm against each kind of odd frame."""
    metrics = {"calibration_frames": float(vae.calm.get_buffer("frames"))}
    for kind, some in kinds(clips).items():
        x = to_tensor(test_frames(some), vae.side)
        calm = to_tensor(test_frames([clip for clip in some if clip.calm]), vae.side)
        metrics |= {
            f"{kind}_test_frames": float(len(x)),
            f"{kind}_reconstruction_mse": pixel_mse(vae, x),
            **evenness(f"{kind}_error", [vae.calm.p_value(s) for s in joined(vae, calm).tolist()]),
        }
    test = test_frames([c for c in next(iter(kinds(clips).values())) if c.calm])
    calm, rng = joined(vae, to_tensor(test, vae.side)), np.random.default_rng(0)
    for name, make in ODD.items():
        metrics[f"auroc_{name}"] = auroc(calm, joined(vae, to_tensor(make(test, rng), vae.side)))
    return metrics


@dataclass(frozen=True)
class Origin:
    """Where a pair of networks comes from."""

    view: str
    seed: int
    seconds: float  # of its training, in this sitting
    autoencoder: str  # name of its weights
    clips: int  # simulated ones that were learnt from
    coupled: int = 0  # simulated ones that couplings were fitted to, if others

    def shipped(self) -> str:
        """How the making of the shipped files differed from the recipe."""
        text = SHIPPED.get(self.autoencoder, SHIPPED[self.view]).strip().format(clips=self.clips)
        return f"{text}\n{COUPLED.format(coupled=self.coupled)}" if self.coupled else text

    def made(self, name: str, architecture: str, metrics: dict[str, float], notes: str) -> Card:
        seen = LICENCES if self.view == "car" else {SIMULATED_STREETS: LICENCES[SIMULATED_STREETS]}
        command = f"{COMMAND} --config config/train/world_{self.view}.yaml"
        return Card(
            name=name,
            architecture=architecture,
            data=seen,
            command=command,
            seed=self.seed,
            cost=f"{self.seconds / 60:.0f} min on a shared CPU core, autoencoder and memory",
            metrics={key: float(f"{value:.4g}") for key, value in metrics.items()},
            metrics_command=f"{command} (measures at its end)",
            made_for=self.autoencoder if name != self.autoencoder else "",
            notes=notes,
        )


def autoencoder_card(
    name: str, kind: str, side: int, origin: Origin, metrics: dict[str, float]
) -> Card:
    notes = AUTOENCODER_NOTES.format(
        kind=KIND_NOTES[kind],
        view=f"the {origin.view}'s",
        learnt=LEARNT_FROM[origin.view],
        tested=TESTED_ON[origin.view],
        shipped=origin.shipped(),
    )
    return origin.made(name, f"{kind}_{side}", metrics, notes)


def memory_card(name: str, architecture: str, origin: Origin, metrics: dict[str, float]) -> Card:
    notes = MEMORY_NOTES.format(
        autoencoder=origin.autoencoder, tested=TESTED_ON[origin.view], shipped=origin.shipped()
    )
    return origin.made(name, architecture, metrics, notes)


def kinds(clips: list[Clip]) -> dict[str, list[Clip]]:
    """The clips with a test part, real ones first where there are any."""
    tested = [clip for clip in clips if clip.middle < len(clip.frames)]
    named = {name: [c for c in tested if c.simulated == (name == "simulated")]
             for name in ("real", "simulated")}  # fmt: skip
    return {name: some for name, some in named.items() if some}


def test_frames(clips: list[Clip]) -> NDArray[np.uint8]:
    """As large as they are stored; all alike in one kind of clips."""
    return np.concatenate([clip.frames[clip.middle :] for clip in clips])


def joined(vae: Autoencoder, x: Tensor) -> Tensor:
    """The strangeness of each frame by itself: (N, 3, S, S) -> (N,)"""
    return anomaly.strangeness(anomaly.still_deviations(vae, scores(vae, x)))


def evenness(kind: str, p: list[float]) -> dict[str, float]:
    """Calm frames should have p-values evenly between 0 and 1."""
    return {
        f"{kind}_p_median": float(np.median(p)),
        f"{kind}_p_below_5_percent": float(np.mean(np.array(p) <= 0.05)),
    }


def moving_metrics(vae: Autoencoder, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    """Prediction against copying, evenness of p-values, cuts; on real and on simulated clips."""
    metrics: dict[str, float] = {}
    for kind, some in kinds(clips).items():
        long = [c for c in some if c.rate_hz and len(c.frames) / c.rate_hz > LEAST_S]
        calm = [clip for clip in long if clip.calm]
        found = horizon_metrics(vae, lstm, long) | surprise_metrics(vae, lstm, calm)
        metrics |= {f"{kind}_{name}": value for name, value in found.items()}
    return metrics


def horizon_metrics(vae: Autoencoder, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    """Errors of the pictures dreamt into the test parts, over those of copying the last frame."""
    metrics: dict[str, float] = {}
    for horizon_s in HORIZONS_S:
        errors = clip_errors(vae, lstm, clips, horizon_s, testing=True)
        dreamt, copied, steady = (float(error.mean()) for error in errors)
        metrics |= {
            f"predicted_mse_{horizon_s}s": dreamt,
            f"copied_mse_{horizon_s}s": copied,
            f"steady_mse_{horizon_s}s": steady,
            f"ratio_{horizon_s}s": dreamt / copied,
        }
    return metrics


@torch.no_grad()
def surprise_metrics(vae: Autoencoder, lstm: LatentLstm, clips: list[Clip]) -> dict[str, float]:
    tested = [test_motion(vae, lstm, clip) for clip in clips]
    surprise, still = (torch.cat(part) for part in zip(*tested, strict=True))
    both = anomaly.strangeness(anomaly.moving_deviations(vae, lstm, still, surprise))
    return {
        **evenness("surprise", [lstm.calm_surprise.p_value(s) for s in surprise.tolist()]),
        **evenness("combined", [lstm.calm.p_value(s) for s in both.tolist()]),
        "auroc_cut_surprise": auroc(surprise, cuts(vae, lstm, clips)),
    }


def test_motion(vae: Autoencoder, lstm: LatentLstm, clip: Clip) -> tuple[Tensor, Tensor]:
    """Of the clip's test steps: surprise (T,) and the scores (T, 3) of the frames they fall on."""
    x = to_tensor(clip.frames, vae.side)
    surprise, at = surprises(vae, lstm, x, clip.rate_hz, clip.middle)
    return surprise, scores(vae, x[at])


def cuts(vae: Autoencoder, lstm: LatentLstm, clips: list[Clip]) -> Tensor:
    """Surprise at the first step after every clip's test part goes on as the next clip's."""
    found = []
    for clip, other in zip(clips, clips[1:] + clips[:1], strict=True):
        here = latent_run(vae, to_tensor(clip.frames, vae.side), clip.rate_hz).mu
        there = latent_run(vae, to_tensor(other.frames[other.middle :], vae.side), other.rate_hz).mu
        expected = lstm(here[None])[0][0, -1]
        found.append(anomaly.surprise(lstm, expected, there))
    return torch.cat(found)
