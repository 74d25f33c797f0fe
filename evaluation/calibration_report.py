"""What a calibration would do, in numbers and in words for the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from road_clarity.safety.calibration import Calibration, flagged
from road_clarity.safety.clip_calibration import ALL
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.drift_check import Drift

HOUR_S = 3600.0


def brief(calibration: Calibration) -> dict[str, Any]:
    """Without its clips."""
    return {
        "id": calibration.id,
        "alpha": calibration.alpha,
        "clip_s": calibration.clip_s,
        "clips": len(calibration.clips),
        "faults": sum(math.isinf(clip.maximum) for clip in calibration.clips),
        "threshold": calibration.bin("").threshold,
        "conditions": dict(Counter(one.condition or "unnamed" for one in calibration.clips)),
        "created_at": calibration.created_at,
    }


def against(made: Calibration, active: Calibration | None, dropped: int) -> dict[str, Any]:
    """made: with what its own clips say about it and about what is active now."""
    maxima = [clip.maximum for clip in made.clips]
    hours = len(maxima) * made.clip_s / HOUR_S
    bins = {name: made.bin(name) for name in (ALL, *made.conditions)}
    before = SafetyConfig().elevated if active is None else active.bin("").threshold
    return brief(made) | {
        "dropped": dropped,
        "bins": {
            name: {"clips": len(bin.maxima), "threshold": bin.threshold, "note": bin.note}
            for name, bin in bins.items()
        },
        "flagged": flagged(maxima, bins[ALL].threshold),
        "alarms_per_hour": round(flagged(maxima, bins[ALL].threshold) / hours, 2),
        "before": {
            "calibration_id": None if active is None else active.id,
            "threshold": before,
            "flagged": flagged(maxima, before),
            "alarms_per_hour": round(flagged(maxima, before) / hours, 2),
        },
    }


def told(report: Mapping[str, Any]) -> str:
    return "\n".join(lines(report))


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield line(report)
    if report["dropped"]:
        yield f"  {report['dropped']} rests shorter than half a clip were left out"
    for name, bin in report["bins"].items():
        note = f" ({bin['note']})" if bin["note"] else ""
        yield f"  {name}: flags from {bin['threshold']:.6g} points on, {bin['clips']} clips{note}"
    yield f"  of these clips {said(report)} reach it"
    before = report["before"]
    what = before["calibration_id"] or "without a calibration"
    yield f"  now ({what}) flags begin at {before['threshold']:.6g}: {said(before)}"
    for key in ("file", "activate", "active"):
        if key in report:
            yield f"  {key}: {report[key]}"


def said(part: Mapping[str, Any]) -> str:
    return f"{part['flagged']} ({part['alarms_per_hour']:g} an hour)"


def line(report: Mapping[str, Any]) -> str:
    """One calibration in brief."""
    mark = "* " if report.get("active") is True else ""
    faults = f", {report['faults']} with faults" if report["faults"] else ""
    return (
        f"{mark}{report['id']}  at most {report['alpha']:g} of nominal clips of "
        f"{report['clip_s']:g} s are flagged  {report['clips']} clips{faults}  "
        f"made {report['created_at']}"
    )


def drift_told(drift: Drift) -> str:
    share = drift.flagged / drift.clips if drift.clips else 0.0
    faults = f", {drift.faults} by faults" if drift.faults else ""
    note = f": {drift.text}" if drift.text else ""
    return (
        f"{drift.flagged} of {drift.clips} clips flagged ({share:.1%}{faults}), promised at most "
        f"{drift.alpha:.1%} from {drift.threshold:.6g} points on\n"
        f"promise {drift.state}{note} (test value {drift.value:.3g}, limit {drift.limit:.0f})"
    )
