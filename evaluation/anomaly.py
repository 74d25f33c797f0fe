"""`road-clarity evaluate anomaly`: do the scorers tell nominal from anomalous frames?

The anomalous frames are given, or made from nominal ones by the suite of corruptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.agreement import agreement
from road_clarity.evaluation.anomaly_frames import Recording, read_recording, shrunk, with_image
from road_clarity.evaluation.anomaly_look import Looker, Seen
from road_clarity.evaluation.corruptions.suite import SEVERITIES, STILL, corrupt
from road_clarity.evaluation.detection_scores import detection_scores
from road_clarity.evaluation.frozen_clip import frozen_found
from road_clarity.models.scene_novelty import COMBINED, SCORERS
from road_clarity.pipeline.frame import Frame

SEVERE = 3  # from this severity on, a corruption must be told
Track = Callable[[Iterable[Any], str, int], Iterable[Any]]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is evaluated."""

    nominal: Sequence[Path] = ()
    anomalous: Sequence[Path] = ()
    corruptions: Sequence[Path] = ()
    frames: int = 20  # of every recording
    width: int = 512  # at which frames are spoilt [px]
    severities: Sequence[int] = SEVERITIES
    alarm: float = 0.02  # combined p-value from which a frame counts as an alarm
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Spoilt:
    """One corruption of one severity, of all frames."""

    name: str
    severity: int
    seen: list[Seen]
    clean: list[Seen]


def evaluate_anomaly(asked: Asked, looker: Looker, track: Track) -> Row:
    """Scores of every scorer by name, and of all together as 'combined'."""
    nominal = [read_recording(path, asked.frames) for path in asked.nominal]
    anomalous = [read_recording(path, asked.frames) for path in asked.anomalous]
    bases = [read_recording(path, asked.frames) for path in asked.corruptions]
    calm = look_at(nominal, looker, track, "nominal")
    strange = look_at(anomalous, looker, track, "anomalous")
    frames = [shrunk(frame, asked.width) for one in bases for frame in one.frames]
    clean = [looker.look(frame) for frame in track(frames, "clean", len(frames))]
    spoilt = spoil(frames, clean, looker, asked, track)
    all_calm = [seen for part in calm for seen in part] + clean
    all_strange = [seen for part in strange for seen in part]
    all_strange += [seen for one in spoilt if one.severity >= SEVERE for seen in one.seen]
    found: Row = by_scorer(all_calm, all_strange)
    found |= {
        "nominal_frames": len(all_calm),
        "anomalous_frames": len(all_strange),
        "calibration_id": looker.unknown.calibration_id,
        "alarm_p": asked.alarm,
        "recordings": [
            recording_row(kind, one, seen, asked.alarm)
            for kind, some, parts in (("nominal", nominal, calm), ("anomalous", anomalous, strange))
            for one, seen in zip(some, parts, strict=True)
        ],
    }
    if spoilt:
        found["corruptions"] = corruption_rows(spoilt, all_calm, asked.alarm)
        found["frozen"] = [row for one in bases for row in frozen_found(one, asked.seed)]
    return found


def look_at(
    recordings: Sequence[Recording], looker: Looker, track: Track, what: str
) -> list[list[Seen]]:
    """By recording."""
    total = sum(len(one.frames) for one in recordings)
    tracked = iter(track((frame for one in recordings for frame in one.frames), what, total))
    return [[looker.look(next(tracked)) for _ in one.frames] for one in recordings]


def spoil(
    frames: list[Frame], clean: list[Seen], looker: Looker, asked: Asked, track: Track
) -> list[Spoilt]:
    """Every frame by every corruption at every severity."""
    if not frames:
        return []
    wanted = [(name, severity) for name in STILL for severity in asked.severities]
    found = []
    for name, severity in track(wanted, "corruptions", len(wanted)):
        seen = [
            looker.look(
                with_image(frame, corrupt(frame.image, name, severity, asked.seed + number))
            )
            for number, frame in enumerate(frames)
        ]
        found.append(Spoilt(name, severity, seen, clean))
    return found


def by_scorer(calm: Sequence[Seen], strange: Sequence[Seen]) -> dict[str, Any]:
    names = (*SCORERS, COMBINED)
    ours, theirs = table(calm), table(strange)
    return {name: detection_scores(ours[:, i], theirs[:, i]) for i, name in enumerate(names)}


def table(seen: Sequence[Seen]) -> NDArray[np.float64]:
    """(N, 8): every scorer, then combined"""
    rows = [[*one.scores.tolist(), one.unknown.score] for one in seen]
    return np.array(rows, float).reshape(-1, len(SCORERS) + 1)


def recording_row(kind: str, one: Recording, seen: Sequence[Seen], alarm: float) -> Row:
    """How often it is flagged; per hour, and how long before the first hazard, where time runs."""
    flags = [not part.unknown.p_value > alarm for part in seen]
    begins = [now and not before for now, before in zip(flags, [False, *flags], strict=False)]
    duration_s = one.duration_s
    return {
        "path": str(one.path),
        "kind": kind,
        "frames": len(seen),
        "flagged": sum(flags) / len(flags),
        "median_p": float(np.median([part.unknown.p_value for part in seen])),
        "alarms_per_hour": sum(begins) / duration_s * 3600 if duration_s else None,
        "lead_time_s": lead_time_s(one, flags),
    }


def lead_time_s(one: Recording, flags: Sequence[bool]) -> float | None:
    """From the first alarm to the first hazard; None without either, or when it came too late."""
    alarms = [frame.stamp_ns for frame, up in zip(one.frames, flags, strict=True) if up]
    if one.hazard_ns is None or not alarms or alarms[0] > one.hazard_ns:
        return None
    return (one.hazard_ns - alarms[0]) * 1e-9


def corruption_rows(spoilt: Sequence[Spoilt], calm: Sequence[Seen], alarm: float) -> Row:
    """By corruption and severity: AUROC by scorer, alarms, and what the networks still agree on."""
    found: Row = {}
    for one in spoilt:
        scores = by_scorer(calm, one.seen)
        found.setdefault(one.name, {})[str(one.severity)] = {
            **{f"auroc_{name}": scores[name]["auroc"] for name in scores},
            "fpr95": scores[COMBINED]["fpr95"],
            "flagged": float(np.mean([not seen.unknown.p_value > alarm for seen in one.seen])),
            **agreement(one.clean, one.seen),
        }
    return found
