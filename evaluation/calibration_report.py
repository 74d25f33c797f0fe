"""What a calibration would do, in numbers and in words for the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from road_clarity.evaluation.calibration_labels import label_lines
from road_clarity.pipeline.calibration_file import Store
from road_clarity.pipeline.reviewed_run import labels_changed
from road_clarity.safety.calibration import Calibration, flagged
from road_clarity.safety.clip_calibration import ALL
from road_clarity.safety.config import SafetyConfig

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
        "reviews": [
            {
                "run": one.run,
                "digest": one.digest,
                "left_out": one.left_out,
                "labels": dict(Counter(one.labels.values())),
            }
            for one in calibration.reviews
        ],
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
        "promised_per_hour": round(made.alpha * HOUR_S / made.clip_s, 2),
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
    if "labels" in report:
        yield from label_lines(report["labels"])
    yield (
        f"  of these clips {said(report)} reach it; at most "
        f"{report['promised_per_hour']:g} an hour are expected of nominal driving"
    )
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


def check_told(report: Mapping[str, Any]) -> str:
    """report: of calibration_labels.check_report"""
    share = report["flagged"] / report["clips"] if report["clips"] else 0.0
    faults = f", {report['faults']} by faults" if report["faults"] else ""
    note = f": {report['text']}" if report["text"] else ""
    return "\n".join((
        f"{report['flagged']} of {report['clips']} clips flagged ({share:.1%}{faults}), promised "
        f"at most {report['alpha']:.1%} from {report['threshold']:.6g} points on",
        f"promise {report['state']}{note} "
        f"(test value {report['value']:.3g}, limit {report['limit']:.0f})",
        *report["labels_changed"],
    ))  # fmt: skip


def activations(store: Path) -> list[dict[str, Any]]:
    """The history of a store; with each one what was labelled otherwise since it was made."""
    folder, known = Store(store), set(Store(store).ids())
    return [
        asdict(one)
        | {"labels_changed": labels_changed(folder.get(one.id).reviews) if one.id in known else []}
        for one in folder.history()
    ]


def history_told(lines: Sequence[Mapping[str, Any]]) -> str:
    told = []
    for one in lines:
        told.append("{at}  {id}  {command}".format(**one))
        told += [f"  {text}" for text in one["labels_changed"]]
    return "\n".join(told) or "none yet"
