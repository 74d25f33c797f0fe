"""`evaluate world`: dreams, and explanations of them, held against what is true.

One pass over the clips; the same clips and weights give the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from road_clarity.evaluation.world_causes import FIGURES as CAUSE_FIGURES
from road_clarity.evaluation.world_causes import CauseScores, pooled
from road_clarity.evaluation.world_clip import WorldClip
from road_clarity.evaluation.world_false_faults import FalseFaults
from road_clarity.evaluation.world_horizon import HorizonScores, interval, number
from road_clarity.evaluation.world_pairs import Pair
from road_clarity.evaluation.world_relevance import RelevanceScores

EXPLAINED = ("vae", "rg")  # with layers to explain; PCA has none
FIGURES = (
    "nss", "nss_shuffled", "nss_memory_shuffled",
    "nss_taken_back", "nss_taken_back_shuffled", "nss_taken_back_memory_shuffled",
    "deletion", "deletion_random", "insertion", "insertion_random",
    "randomisation", "stability",
)  # fmt: skip
WITHOUT_NETWORK = ("frame_difference", "own_motion_taken_out", "centre")


def evaluate_world(
    clips: Iterable[WorldClip], pairs: Mapping[str, Pair], calm: Iterable[WorldClip] | None
) -> dict[str, Any]:
    """All scores.

    calm: what is usual, for planted causes; None: they are left out, and the calm layers that ship
    say how often the healthy networks are called faulty.
    """
    horizon, relevance = HorizonScores(pairs), RelevanceScores(pairs)
    explained = {kind: pairs[kind].autoencoder for kind in EXPLAINED if kind in pairs}
    causes = None if calm is None else CauseScores(explained, calm)
    faults = FalseFaults(pairs) if causes is None else None
    frames, groups, count = 0, set(), 0
    for clip in clips:
        for scores in (horizon, relevance, causes, faults):
            if scores is not None:
                scores.add(clip)
        frames, count = frames + len(clip.frames), count + 1
        groups.add(clip.group)
    return {
        **{kind: horizon.of(kind) | of_relevance(relevance, kind) for kind in pairs},
        "copy_last_mse": horizon.copied(),
        **(dict.fromkeys(CAUSE_FIGURES) if causes is None else causes.summary()),
        **({} if faults is None else {"false_fault": faults.summary()}),
        **over_explained(relevance),
        "nss_without_network": {
            name: number(relevance.tally(name, "nss")) for name in WITHOUT_NETWORK
        },
        "rg_to_vae": ratios(horizon),
        "counts": {"groups": len(groups), "clips": count, "frames": frames,
                   "dreams": horizon.dreams, "nss_frames": relevance.tally("rg", "nss").count},
        "weights": {name: sha for pair in pairs.values() for name, sha in pair.weights.items()},
    }  # fmt: skip


def of_relevance(relevance: RelevanceScores, kind: str) -> dict[str, Any]:
    """The figures of one pair's maps."""
    return {figure: number(relevance.tally(kind, figure)) for figure in FIGURES}


def over_explained(relevance: RelevanceScores) -> dict[str, Any]:
    """The same over the pairs that are explained, and how far chance may have moved them."""
    totals = {
        figure: pooled(relevance.tally(kind, figure) for kind in EXPLAINED) for figure in FIGURES
    }
    return {
        **{figure: number(total) for figure, total in totals.items()},
        **{f"{figure}_95": interval(total) for figure, total in totals.items()},
    }


def ratios(horizon: HorizonScores) -> dict[str, Any]:
    """The transparent backbone's errors over the trained network's: below 1 is better."""
    rg, vae = horizon.of("rg"), horizon.of("vae")
    ahead = {h: over(rg["horizon_mse"][h], vae["horizon_mse"][h]) for h in rg["horizon_mse"]}
    redrawn = over(rg["reconstruction_mse"], vae["reconstruction_mse"])
    return {"reconstruction_mse": redrawn, "horizon_mse": ahead}


def over(one: float, other: float) -> float | None:
    """None for a share of nothing."""
    return one / other if other > 0 else None
