"""One frame as a line of frames.jsonl: plain JSON values, so that equal runs give equal bytes.

What is not known is null: a part that is missing, a number that is nan.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from road_clarity.safety.scene import Lane, Promise, Reason, Risk, Scene, Track, World

Row = dict[str, Any]

PIXEL_DIGITS = 2
SCORE_DIGITS = 9  # fine enough for the shares to add up to the score within 1e-8
TIME_DIGITS = 3  # [ms]


def frame_row(scene: Scene, risk: Risk, latency_ms: Mapping[str, float]) -> Row:
    """The object that architecture.md calls one line of frames.jsonl."""
    return {
        "index": scene.index,
        "stamp_ns": scene.stamp_ns,
        "risk": risk_row(risk),
        "lanes": None if scene.lanes is None else [lane_row(lane) for lane in scene.lanes.lanes],
        "tracks": None if scene.tracks is None else [track_row(one) for one in scene.tracks.tracks],
        "anomaly": anomaly_row(scene),
        "world": world_row(scene.world),
        "latency_ms": {stage: rounded(ms, TIME_DIGITS) for stage, ms in latency_ms.items()},
    }


def without_latency(row: Row) -> str:
    """The part of a row that must be the same every time, as text."""
    return line({key: value for key, value in row.items() if key != "latency_ms"})


def line(row: Row) -> str:
    """A row as one line of JSON, without the line end."""
    return json.dumps(row, separators=(",", ":"), allow_nan=False)


def risk_row(risk: Risk) -> Row:
    reasons = [reason_row(reason) for reason in risk.reasons]
    return {
        "score": rounded(risk.score, SCORE_DIGITS),
        "level": risk.level,
        "reasons": reasons,
        "points": rounded(risk.points, SCORE_DIGITS),
        "promise": promise_row(risk.promise),
    }


def promise_row(promise: Promise) -> Row:
    p_value = promise.p_value
    return {
        "p_value": None if p_value is None else rounded(p_value, SCORE_DIGITS),
        "alpha": promise.alpha,
        "calibration_id": promise.calibration_id,
        "threshold": promise.threshold,
        "state": promise.state,
        "text": promise.text,
    }


def reason_row(reason: Reason) -> Row:
    return {
        "code": reason.code,
        "share": rounded(reason.share, SCORE_DIGITS),
        "region": None if reason.region is None else pixels(reason.region),
        "text": reason.text,
        "module": reason.module,
        "label": reason.label,
    }


def reason_of(row: Mapping[str, Any]) -> Reason:
    """A reason as it was recorded; the rows of older runs hold no label.

    A share that is null is nan.  A region with a side that is not known is none.
    """
    share, sides = row["share"], row["region"]
    known = sides is not None and None not in sides
    return Reason(
        row["code"],
        math.nan if share is None else share,
        (sides[0], sides[1], sides[2], sides[3]) if known else None,
        row["text"],
        row.get("label"),
    )


def lane_row(lane: Lane) -> Row:
    points = [pixels(point) for point in lane.points]
    return {"id": lane.id, "points": points, "confidence": rounded(lane.confidence, SCORE_DIGITS)}


def track_row(track: Track) -> Row:
    confidence = rounded(track.confidence, SCORE_DIGITS)
    return {
        "id": track.id,
        "label": track.label,
        "box": pixels(track.box),
        "confidence": confidence,
    }


def anomaly_row(scene: Scene) -> Row:
    """All scorers together where there are any, else the world model alone."""
    world, unknown = scene.world, scene.unknown
    if unknown is not None:
        return {
            "score": rounded(unknown.score, SCORE_DIGITS),
            "p_value": rounded(unknown.p_value, SCORE_DIGITS),
            "calibration_id": unknown.calibration_id,
        }
    if world is None:
        return {"score": None, "p_value": None, "calibration_id": None}
    return {
        "score": rounded(world.error, SCORE_DIGITS),
        "p_value": rounded(world.p_value, SCORE_DIGITS),
        "calibration_id": world.calibration_id,
    }


def world_row(world: World | None) -> Row:
    if world is None:
        return {"surprise": None, "horizon_s": None}
    return {
        "surprise": rounded(world.surprise, SCORE_DIGITS),
        "horizon_s": rounded(world.horizon_s, SCORE_DIGITS),
    }


def pixels(values: Iterable[float]) -> list[float | None]:
    return [rounded(value, PIXEL_DIGITS) for value in values]


def rounded(value: float, digits: int) -> float | None:
    """None for nan and infinities, which JSON does not have; -0.0 becomes 0.0."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None
