"""What the labels of events change about a calibration, in words for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from road_clarity.pipeline.label_reader import first_of
from road_clarity.pipeline.reviewed_run import labels_changed
from road_clarity.safety.calibration import Calibration
from road_clarity.safety.drift_check import Drift


def label_lines(labels: Mapping[str, Any]) -> Iterator[str]:
    """The report in words."""
    counts = ", ".join(f"{number} {name}" for name, number in labels["events"].items() if number)
    yield f"  labels: {counts or 'no events'}"
    yield (
        f"  {labels['left_out']} clips with a true risk were left out; "
        f"{labels['left_out_flagged']} of them would be flagged"
    )
    unread = said(labels["threshold_without_labels"])
    yield f"  with all clips as nominal flags would begin at {unread}"
    waiting = labels["pending"]
    if waiting["events"]:
        yield (
            f"  {len(waiting['events'])} events still wait for a label ({waiting['clips']} clips, "
            f"counted as nominal here): {first_of(waiting['events'])}"
        )
        yield (
            f"  if all of them were true risks, flags would begin at "
            f"{said(waiting['threshold_if_true_risks'])}; if all were false alarms, at "
            f"{said(waiting['threshold_if_false_alarms'])}"
        )


def said(points: float | None) -> str:
    return "no threshold: too few clips" if points is None else f"{points:.6g}"


def check_report(drift: Drift, calibration: Calibration) -> dict[str, Any]:
    return asdict(drift) | {"labels_changed": labels_changed(calibration.reviews)}
