"""Answers of the server for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from road_clarity.pipeline.evidence.journal import LABELS
from road_clarity.service.gen.event_service_pb2 import Event, SearchSimilarEventsResponse
from road_clarity.service.gen.explanation_service_pb2 import Explanation, Faithfulness
from road_clarity.service.gen.scene_pb2 import Box
from road_clarity.service.messages import LEVEL_NAMES


def plain(message: Message) -> dict[str, Any]:
    """For JSON: levels by name, null for what is absent or nan, pictures without their bytes."""
    return {
        field.name: plain_field(message, field)
        for field in message.DESCRIPTOR.fields
        if field.type != FieldDescriptor.TYPE_BYTES
    }


def plain_field(message: Message, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [plain_value(one, field) for one in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return plain_value(value, field)


def plain_value(value: Any, field: FieldDescriptor) -> Any:
    if isinstance(value, Message):
        return plain(value)
    if field.enum_type is not None:
        return enum_name(value, field.enum_type)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def enum_name(value: int, kind: EnumDescriptor) -> str:
    """RISK_LEVEL_HIGH -> high, FAITHFULNESS_VERDICT_NOT_BETTER -> not_better"""
    prefix = kind.values_by_number[0].name.removesuffix("UNSPECIFIED")
    known = kind.values_by_number.get(value)
    return "" if known is None else known.name.removeprefix(prefix).lower()


def event_line(event: Event) -> str:
    """One event in a list: when, how bad, what first, and what people said."""
    span = f"{event.start_ns * 1e-9:.2f}..{event.end_ns * 1e-9:.2f} s"
    why = event.reasons[0].text if event.reasons else ""
    level = LEVEL_NAMES[event.level]
    said = [LABELS[event.label - 1]] if event.label < len(LABELS) else []
    said += ["pinned"] * event.pinned
    tail = f"  [{', '.join(said)}]" if said else ""
    return f"{event.id:32} {level:8} {event.score:4.2f}  {span:20} {event.source}: {why}{tail}"


def similar_lines(found: SearchSimilarEventsResponse) -> Iterator[str]:
    for one in found.neighbours:
        yield f"{one.distance:6.3f}  {event_line(one.event)}"
    yield f"nearest of {found.compared} events, by {found.space}"


def explanation_lines(answer: Explanation) -> Iterator[str]:
    """Why, then what the world model could not redraw."""
    if answer.HasField("recorded"):
        yield from recorded_lines(answer)
    for one in answer.network_maps:
        yield f"what stands out to {one.network}: layer {one.layer}"
        if one.HasField("faithfulness"):
            yield f"  {faithfulness_line(one.faithfulness)}"
    for one in answer.sheets:
        yield one.caption
    if answer.HasField("anomaly"):
        yield from redrawing_lines(answer)
    if answer.HasField("faithfulness"):
        yield faithfulness_line(answer.faithfulness)
    if answer.truncated_by_deadline:
        yield "  (the time was over before everything was looked at; allow more with --timeout)"


def redrawing_lines(answer: Explanation) -> Iterator[str]:
    calm = ""
    if answer.anomaly.HasField("p_value"):
        calm = f"; {answer.anomaly.p_value:.1%} of calm frames are at least as strange"
    yield f"redrawn with error {answer.anomaly.score:.4f}{calm}"
    for region in answer.regions:
        yield (
            f"  {region.error_share:4.0%} of the error, {region.times_worse:.1f} times the rest: "
            f"{region.label} at {corners(region.box)}, {region.verdict}"
        )


def faithfulness_line(found: Faithfulness) -> str:
    """What a map is worth."""
    line = f"map {found.map}: {found.text}"
    if found.HasField("deletion"):
        line += (
            f" (deletion {found.deletion:.2f}, by chance {found.deletion_random:.2f} and "
            f"{found.deletion_moved:.2f}; insertion {found.insertion:.2f}, by chance "
            f"{found.insertion_random:.2f} and {found.insertion_moved:.2f})"
        )
    return line


def recorded_lines(answer: Explanation) -> Iterator[str]:
    state = answer.recorded
    name = answer.event_id or f"frame {state.index}"
    level = LEVEL_NAMES[state.level]
    yield f"{name}: {level}, score {state.score:.2f}, at {state.stamp_ns * 1e-9:.2f} s"
    for reason in state.reasons:
        where = f" at {corners(reason.region)}" if reason.HasField("region") else ""
        yield f"  {reason.share:4.2f} {reason.code}: {reason.text}{where}"


def corners(box: Box) -> str:
    """[px]"""
    return f"({box.x0:.0f}, {box.y0:.0f})..({box.x1:.0f}, {box.y1:.0f})"
