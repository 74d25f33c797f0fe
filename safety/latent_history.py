"""The one check of latents that a memory is to be explained on.

T steps of STEP_S, D latents.
"""

from __future__ import annotations

from torch import Tensor

from road_clarity.models.autoencoder import check_weights
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S, LatentLstm


def check_history(memory: LatentLstm, z: Tensor, least: int) -> None:
    """Raises BadInput unless z (T, D) are at least so many steps, all numbers, for this memory."""
    check_weights(memory)
    if z.ndim != 2 or z.shape[1] != memory.latents:
        raise BadInput(
            "latents", f"of shape {tuple(z.shape)}",
            f"the memory reads (steps, {memory.latents}); take the memory made for this code",
        )  # fmt: skip
    if len(z) < least:
        needed = f"{least * STEP_S:.1f} s, one every {STEP_S} s"
        raise BadInput("latents", f"of {len(z)} steps", f"needs {least}, that is {needed}")
    if not bool(z.isfinite().all()):
        bad = int((~z.isfinite()).any(1).nonzero()[0])
        raise BadInput("latents", f"at step {bad}", "are no numbers; leave the step out")


def check_one_future(memory: LatentLstm) -> None:
    """Raises BadInput for a mixture of futures: relevance needs one answer to start from."""
    if memory.head.out_features != memory.latents:
        raise BadInput("memory", type(memory).__name__, "has several futures; take latent_lstm_256")


def check_calibrated(memory: LatentLstm) -> None:
    """Raises BadInput when nobody told the memory what a calm change is."""
    if not bool(memory.calm_change.get_buffer("matrix").isfinite().all()):
        raise BadInput("calm_change", "nan", "calibrate the memory first (road-clarity calibrate)")
