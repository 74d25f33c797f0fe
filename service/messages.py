"""Recorded JSON to messages of the protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.evidence.journal import LABELS, PIN, Mark
from road_clarity.pipeline.frame_row import Row
from road_clarity.safety.level import LEVELS
from road_clarity.service.gen import event_service_pb2, scene_pb2

LEVEL_NAMES = ("unspecified", *LEVELS)  # by number of RiskLevel
PROMISE_NAMES = ("unspecified", "none", "holds", "withdrawn", "void")  # by number of PromiseState
PNG, JPEG = "image/png", "image/jpeg"


def level_of(name: str) -> scene_pb2.RiskLevel:
    """nominal 1 .. unknown 4: RiskLevel has the order of LEVELS."""
    return cast(scene_pb2.RiskLevel, LEVEL_NAMES.index(name))


def box(region: Sequence[float | None] | None) -> scene_pb2.Box | None:
    """None for a region that is missing, or not known at a side."""
    if region is None or any(side is None for side in region):
        return None
    return scene_pb2.Box(**dict(zip(("x0", "y0", "x1", "y1"), region, strict=True)))


def reason(row: Mapping[str, Any]) -> scene_pb2.Reason:
    return scene_pb2.Reason(
        code=row["code"], share=known(row["share"]), region=box(row["region"]), text=row["text"]
    )


def promise(row: Mapping[str, Any] | None) -> scene_pb2.Promise | None:
    """None where it was not recorded, as in runs of an older version."""
    if row is None:
        return None
    return scene_pb2.Promise(**{**row, "state": promise_state(row["state"])})


def promise_state(name: str) -> scene_pb2.PromiseState:
    return cast(scene_pb2.PromiseState, PROMISE_NAMES.index(name))


def known(value: float | None) -> float:
    """null stands for nan in JSON."""
    return math.nan if value is None else value


def risk_state(row: Row) -> scene_pb2.RiskState:
    """One line of frames.jsonl."""
    risk, anomaly, world = row["risk"], row["anomaly"], row["world"]
    return scene_pb2.RiskState(
        index=row["index"],
        stamp_ns=row["stamp_ns"],
        score=known(risk["score"]),
        level=level_of(risk["level"]),
        reasons=[reason(one) for one in risk["reasons"]],
        anomaly=scene_pb2.Anomaly(
            score=anomaly["score"],
            p_value=anomaly["p_value"],
            calibration_id=anomaly["calibration_id"],
            surprise=world["surprise"],
            horizon_s=world["horizon_s"],
        ),
        latency_ms=row["latency_ms"].get("total"),
        promise=promise(risk.get("promise")),
        points=risk.get("points"),
    )


def event(entry: Entry) -> event_service_pb2.Event:
    """Without pictures and history.  Raises ValueError for one that cannot be read."""
    record = entry.event
    if record is None:
        raise ValueError(f"event {entry.id}: {entry.damage}")
    return event_service_pb2.Event(
        id=record.id,
        start_ns=record.start_ns,
        end_ns=record.end_ns,
        peak_ns=record.peak_ns,
        peak_index=record.peak_index,
        score=known(record.score),
        level=level_of(record.level),
        reasons=[reason(one) for one in record.reasons],
        source=record.source,
        models=models({name: one["sha256"] for name, one in record.models.items()}),
        bundle_id=entry.bundle_id,
        label=label_of(entry.label),
        pinned=entry.pinned,
        etag=entry.etag,
        clip_start_ns=record.clip_start_ns or record.start_ns,
        clip_end_ns=record.clip_end_ns or record.end_ns,
        continues=record.continues or "",
        promise=promise(record.promise),
    )


def label_of(name: str) -> event_service_pb2.EventLabel:
    """TRUE_RISK 1 .. UNLABELLED 4: EventLabel has the order of LABELS."""
    return cast(event_service_pb2.EventLabel, LABELS.index(name) + 1)


def mark(said: Mark) -> event_service_pb2.EventMark:
    """One thing that was said of an event."""
    answer = event_service_pb2.EventMark(who=said.who, when_ns=said.when_ns, note=said.note)
    if said.kind == PIN:
        answer.pinned = said.value == "true"
    else:
        answer.label = label_of(said.value)
    return answer


def models(sha256: Mapping[str, str]) -> list[scene_pb2.Model]:
    """sha256: of the weights, by name."""
    return [scene_pb2.Model(name=name, sha256=value) for name, value in sorted(sha256.items())]


def picture(media_type: str, content: bytes | None) -> scene_pb2.Picture | None:
    return None if content is None else scene_pb2.Picture(media_type=media_type, content=content)
