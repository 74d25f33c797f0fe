"""What-if questions: from the request to interventions of the pipeline, and its answer back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from road_clarity.pipeline.counterfactual import OutOfTime, Probe, Span, deltas, span_of
from road_clarity.pipeline.frame_row import Row, frame_row
from road_clarity.pipeline.interventions import (
    DropLane,
    DropTrack,
    Empty,
    Inpaint,
    Intervention,
    Mask,
    Missing,
)
from road_clarity.pipeline.places import clipped
from road_clarity.safety.scene import Box
from road_clarity.service import messages
from road_clarity.service.errors import invalid, late, not_ready
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.explainer import Prober
from road_clarity.service.explanation_message import png, small
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.gen import scene_pb2
from road_clarity.service.run_log import Mark
from road_clarity.service.subject import Subjects

MOST = 8  # interventions in one question
BEFORE_S, LEAST_BEFORE_S, MOST_BEFORE_S = 3.0, 0.1, 10.0
DURING_S = 1.0
MOST_FRAMES = 600  # of the run in one question
LANES = (1, 2, 3, 4)
MODULES = {1: "lanes", 2: "tracks", 3: "world"}  # by number of Intervention.Module


def probed(
    subjects: Subjects, prober: Prober, request: pb.ProbeCounterfactualRequest, deadline: Deadline
) -> pb.ProbeCounterfactualResponse:
    """Raises Refusal."""
    before_ns, during_ns = times(request)
    mark = subjects.recorded(request)
    row = subjects.row(mark)
    stamps = stamps_before(subjects, mark, before_ns)
    first = next(subjects.frames(mark.stamp_ns, mark.stamp_ns))
    wanted = [
        intervention(one, f"interventions[{i}]", row, first.size)
        for i, one in enumerate(request.interventions)
    ]
    span = span_of(stamps, during_ns, wanted)
    try:
        found = prober.probe(
            lambda from_ns: subjects.frames(from_ns, mark.stamp_ns), span, wanted, deadline
        )
    except OutOfTime as error:
        raise late("the frames could not be run again in time; allow more") from error
    return response(found, row, prober)


def played_ahead(
    subjects: Subjects, load: Callable[[], Prober], request: pb.ProbeCounterfactualRequest,
    deadline: Deadline,
) -> None:  # fmt: skip
    """What the first question about this frame would run.  Raises Refusal, BadInput, OutOfTime.

    load: called only where the run keeps the pictures
    """
    mark = subjects.recorded(request)
    stamps = stamps_before(subjects, mark, round(BEFORE_S * 1e9))
    span = span_of(stamps, round(DURING_S * 1e9), ())
    load().play_ahead(lambda from_ns: subjects.frames(from_ns, mark.stamp_ns), span, deadline)


def stamps_before(subjects: Subjects, mark: Mark, before_ns: int) -> list[int]:
    """Of the pictures that lead to a frame, its own last [ns].  Raises Refusal."""
    stamps = subjects.stamps(max(mark.stamp_ns - before_ns, 0), mark.stamp_ns)
    if not stamps or stamps[-1] != mark.stamp_ns:
        raise not_ready("NO_PICTURES", f"the run keeps no picture of frame {mark.index}")
    return stamps[-MOST_FRAMES:]


def times(request: pb.ProbeCounterfactualRequest) -> tuple[int, int]:
    """before and during [ns].  Raises Refusal."""
    if not 1 <= len(request.interventions) <= MOST:
        raise invalid("interventions", f"give 1 to {MOST} of them")
    before_s = request.before_s or BEFORE_S
    if not LEAST_BEFORE_S <= before_s <= MOST_BEFORE_S:
        raise invalid("before_s", f"must be in {LEAST_BEFORE_S}..{MOST_BEFORE_S:g}")
    during_s = request.during_s if request.HasField("during_s") else min(DURING_S, before_s)
    if not 0.0 <= during_s <= before_s:
        raise invalid("during_s", f"must be in 0..{before_s:g}, the time before the frame")
    return round(before_s * 1e9), round(during_s * 1e9)


def intervention(one: pb.Intervention, field: str, row: Row, size: tuple[int, int]) -> Intervention:
    """Raises Refusal that names the field.  size: (width, height) of the frame"""
    match one.WhichOneof("what"):
        case "mask":
            return Mask(inside(one.mask, f"{field}.mask", size))
        case "inpaint":
            return Inpaint(inside(one.inpaint, f"{field}.inpaint", size))
        case "drop_track":
            return recorded_track(one.drop_track, f"{field}.drop_track", row)
        case "drop_lane":
            if one.drop_lane not in LANES:
                raise invalid(f"{field}.drop_lane", "must be in 1..4")
            return DropLane(one.drop_lane)
        case "empty":
            return Empty(module(one.empty, f"{field}.empty"))
        case "missing":
            return Missing(module(one.missing, f"{field}.missing"))
        case _:
            raise invalid(field, "says nothing; give one of mask, inpaint, drop_track, drop_lane, "
                          "empty, missing")  # fmt: skip


def inside(box: scene_pb2.Box, field: str, size: tuple[int, int]) -> Box:
    sides = box.x0, box.y0, box.x1, box.y1
    found = clipped(sides, size) if all(math.isfinite(side) for side in sides) else None
    if found is None:
        raise invalid(field, f"covers nothing of the {size[0]}x{size[1]} frame")
    return found


def recorded_track(number: int, field: str, row: Row) -> DropTrack:
    tracks = {track["id"]: track for track in row["tracks"] or ()}
    if number not in tracks or None in tracks[number]["box"]:
        known = ", ".join(map(str, tracks)) or "none"
        raise invalid(field, f"no such track is recorded in the frame; there are {known}")
    x0, y0, x1, y1 = tracks[number]["box"]
    return DropTrack(number, tracks[number]["label"], (x0, y0, x1, y1))


def module(number: int, field: str) -> str:
    if number not in MODULES:
        raise invalid(field, "is no module; use one of MODULE_LANES, MODULE_TRACKS, MODULE_WORLD")
    return MODULES[number]


def response(found: Probe, row: Row, prober: Prober) -> pb.ProbeCounterfactualResponse:
    before, after = found.before.risk, found.after.risk
    return pb.ProbeCounterfactualResponse(
        recorded=messages.risk_state(row),
        before=again(found, row, after=False),
        after=again(found, row, after=True),
        delta=after.score - before.score,
        deltas=[
            pb.ProbeCounterfactualResponse.Delta(code=code, before=a, after=b, delta=b - a)
            for code, a, b in deltas(before, after)
        ],
        before_s=seconds(found.span, 0),
        during_s=seconds(found.span, found.span.changed_from),
        frames=found.span.cost,
        picture=messages.picture(messages.PNG, png(small(found.image))),
        models=messages.models(prober.sha256),
        truncated_by_deadline=found.truncated,
        run_otherwise=prober.run_otherwise,
    )


def again(found: Probe, row: Row, after: bool) -> scene_pb2.RiskState:
    """One side, under the frame's number in the run."""
    outcome = found.after if after else found.before
    fresh = frame_row(outcome.scene, outcome.risk, outcome.latency_ms)
    return messages.risk_state({**fresh, "index": row["index"]})


def seconds(span: Span, first: int) -> float:
    """From that frame of the span to the last [s]."""
    stamps: Sequence[int] = span.stamps
    return (stamps[-1] - stamps[first]) * 1e-9
