"""Is the risk right?  Clips with danger against clips without, by their worst moment.

clip_auroc: how likely a hazardous clip scores higher than a calm one (Mann-Whitney; ties count
half).  threshold: the lowest score at which at most MOST_FALSE of the calm clips are flagged, found
on these clips.  recall and false_clip_rate: share of hazardous and calm clips flagged above it.
lead_time_s: median over the flagged hazardous clips of touch less first flag; after it, negative.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from road_clarity.evaluation.risk_clips import RiskClip
from road_clarity.evaluation.tally import DRAWS, LEVEL, SEED
from road_clarity.safety.config import SafetyConfig

MOST_FALSE = 0.05
LONG_ENOUGH_S = 1.5  # a warning so long before the touch is of use
FIGURES = ("clip_auroc", "recall", "false_clip_rate", "lead_time_s")
Clips = Sequence[RiskClip]


def evaluate_risk(clips: Clips, config: SafetyConfig) -> dict[str, Any]:
    """All figures, ready for JSON; None where a figure has no clips."""
    threshold = operating_point(clips)
    return {
        **figures(clips, threshold),
        "threshold": rounded(threshold),
        "interval": intervals(clips),
        "clips": len(clips),
        "hazardous_clips": sum(clip.hazardous for clip in clips),
        "shipped": {
            # a level is reached at its threshold, not above it
            level: figures(clips, math.nextafter(getattr(config, level), 0.0))
            for level in ("elevated", "high")
        },
        "seen": seen(clips, threshold),
        "stories": grouped(clips, threshold, lambda clip: clip.story),
        "looks": grouped(clips, threshold, lambda clip: clip.look),
        "raised_by": raised_by(clips, threshold),
        "cpu_s_per_clip": rounded(float(np.mean([clip.cpu_s for clip in clips]))),
    }


def figures(clips: Clips, threshold: float) -> dict[str, float | None]:
    """FIGURES at a threshold."""
    danger, calm = parted(clips)
    leads = lead_times(danger, threshold)
    return {
        "clip_auroc": rounded(auroc(worst(danger), worst(calm))),
        "recall": rounded(share_above(danger, threshold)),
        "false_clip_rate": rounded(share_above(calm, threshold)),
        "lead_time_s": rounded(float(np.median(leads)) if leads else math.nan),
    }


def operating_point(clips: Clips) -> float:
    """The lowest threshold that at most MOST_FALSE of the calm clips are above."""
    scores = sorted(worst(parted(clips)[1]), reverse=True)
    return scores[int(MOST_FALSE * len(scores))] if scores else 0.0


def auroc(danger: Sequence[float], calm: Sequence[float]) -> float:
    """nan where one side is empty."""
    if not danger or not calm:
        return math.nan
    high, low = np.array(danger)[:, None], np.array(calm)[None]
    return float(((high > low) + 0.5 * (high == low)).mean())


def lead_times(danger: Clips, threshold: float) -> list[float]:
    """Touch less first flag [s], of the clips that were flagged."""
    firsts = [(clip, clip.first_above(threshold)) for clip in danger]
    return [clip.touch_s - first.time_s for clip, first in firsts if first is not None]


def seen(clips: Clips, threshold: float) -> dict[str, float | None]:
    """How far what can be seen allows it: hazardous clips by how long before the touch the road
    user who makes them so is in the picture."""
    danger, _ = parted(clips)
    early = [clip for clip in danger if clip.touch_s - clip.seen_s >= LONG_ENOUGH_S]
    spans = [clip.touch_s - clip.seen_s for clip in danger if not math.isnan(clip.seen_s)]
    return {
        "share_seen_in_time": rounded(len(early) / len(danger) if danger else math.nan),
        "median_seen_s": rounded(float(np.median(spans)) if spans else math.nan),
        "recall_of_those": rounded(share_above(early, threshold)),
        "recall_of_others": rounded(
            share_above([clip for clip in danger if clip not in early], threshold)
        ),
    }


def grouped(clips: Clips, threshold: float, key: Callable[[RiskClip], str]) -> dict[str, Any]:
    """The figures of every group, at the threshold of all."""
    names = sorted({key(clip) for clip in clips})
    groups = {name: [clip for clip in clips if key(clip) == name] for name in names}
    return {
        name: {
            "hazardous": len(parted(group)[0]),
            "calm": len(parted(group)[1]),
            **figures(group, threshold),
        }
        for name, group in groups.items()
    }


def raised_by(clips: Clips, threshold: float) -> dict[str, dict[str, int]]:
    """By code: how many clips it flagged first, hazardous and calm."""
    counts = {
        kind: Counter(
            first.code for clip in group if (first := clip.first_above(threshold)) is not None
        )
        for kind, group in zip(("hazardous", "calm"), parted(clips), strict=True)
    }
    return {kind: dict(count.most_common()) for kind, count in counts.items()}


def intervals(clips: Clips) -> dict[str, list[float] | None]:
    """LEVEL percentile bootstrap over clips; each draw finds its own operating point."""
    rng = np.random.default_rng(SEED)
    draws: list[dict[str, float | None]] = []
    for _ in range(DRAWS):
        drawn = [clips[i] for i in rng.integers(len(clips), size=len(clips))]
        draws.append(figures(drawn, operating_point(drawn)))
    found: dict[str, list[float] | None] = {}
    for name in FIGURES:
        values = [value for draw in draws if (value := draw[name]) is not None]
        ends = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if values else None
        found[name] = None if ends is None else [round(float(end), 3) for end in ends]
    return found


def parted(clips: Clips) -> tuple[list[RiskClip], list[RiskClip]]:
    """(hazardous, calm)"""
    return [one for one in clips if one.hazardous], [one for one in clips if not one.hazardous]


def worst(clips: Clips) -> list[float]:
    return [clip.worst.score for clip in clips]


def share_above(clips: Clips, threshold: float) -> float:
    return float(np.mean([score > threshold for score in worst(clips)])) if clips else math.nan


def rounded(value: float) -> float | None:
    """None for nan, which JSON does not have."""
    return round(value, 4) if math.isfinite(value) else None
