"""An event in a longer run: the same bundle, later in time and under other numbers.

A part of a run numbers its frames and events from the start.  Where parts are put together, what
names a frame, a moment or an event moves along; pictures, tensors and provenance stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from road_clarity.pipeline.evidence.clip import moved_clip
from road_clarity.pipeline.evidence.event import CLIP_MCAP, EVENT_JSON

STAMPS = ("start_ns", "end_ns", "peak_ns", "clip_start_ns", "clip_end_ns")
INDICES = ("start_index", "end_index", "peak_index")


@dataclass(frozen=True)
class Move:
    """What a part of a run is moved by."""

    frames: int = 0
    ns: int = 0  # [ns]
    events: int = 0


def moved_name(name: str, events: int) -> str:
    """0003-corridor-person, four events later, is 0007-corridor-person."""
    number, _, rest = name.partition("-")
    return f"{int(number) + events:04d}-{rest}"


def moved_files(files: Mapping[str, bytes], move: Move, source: str) -> dict[str, bytes]:
    """The files of a bundle, its manifest left out, in their place in the run.

    source: what the recording is called now
    """
    event = json.loads(files[EVENT_JSON])
    if move == Move() and event["source"] == source:
        return dict(files)
    event["source"] = source
    event["id"] = moved_name(event["id"], move.events)
    if event["continues"] is not None:
        event["continues"] = moved_name(event["continues"], move.events)
    for keys, by in ((STAMPS, move.ns), (INDICES, move.frames)):
        event |= {key: event[key] + by for key in keys if event[key] is not None}
    told = {EVENT_JSON: json.dumps(event, indent=2, allow_nan=False).encode() + b"\n"}
    if CLIP_MCAP in files:
        told[CLIP_MCAP] = moved_clip(files[CLIP_MCAP], move.frames, move.ns)
    return {**files, **told}
