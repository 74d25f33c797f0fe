"""What an event is on disk: a folder of files, of which event.json says what happened."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from road_clarity.safety.settings import Checked, setting

EVENT_JSON, FRAME_PNG, OVERLAY_JPG, ERROR_MAP_PNG = (
    "event.json", "frame.png", "overlay.jpg", "error_map.png",
)  # fmt: skip
CLIP_MCAP, TENSORS, PROVENANCE, MANIFEST = (
    "clip.mcap", "tensors.safetensors", "provenance.json", "manifest.json",
)  # fmt: skip
EVENT_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class EventConfig(Checked):
    """When an event ends, and how much of what surrounds it is kept."""

    gap_s: float = setting(1.0, "calm time that ends an event [s]", low=0.0, high=60.0)
    before_s: float = setting(3.0, "kept of what led to an event [s]", low=0.0, high=30.0)
    after_s: float = setting(2.0, "kept of what followed an event [s]", low=0.0, high=30.0)
    longest_s: float = setting(
        30.0, "an event that lasts longer goes on as another one [s]", low=1.0, high=600.0
    )
    most_mb: float = setting(
        64.0, "the same for one whose pictures take more memory [MB]", low=1.0, high=4096.0
    )
    rate: float = setting(
        10.0, "pictures kept per second; of the other frames only the rows [1/s]", low=0.1, high=1e3
    )


@dataclass(frozen=True)
class Event:
    """Contents of event.json.  Stamps [ns]; reasons are those of the peak."""

    id: str
    start_ns: int
    end_ns: int
    peak_ns: int
    start_index: int
    end_index: int
    peak_index: int
    level: str
    score: float | None
    reasons: list[dict[str, Any]]
    source: str
    models: dict[str, dict[str, str]]
    promise: dict[str, Any] | None = None  # of the calibration, at the peak
    clip_start_ns: int | None = None  # the first and the last frame that the clip holds
    clip_end_ns: int | None = None
    continues: str | None = None  # the event that was cut off for its length before this one


def read_event(folder: Path) -> Event:
    """Raises OSError, ValueError or TypeError when there is none, or it cannot be read."""
    return Event(**json.loads((folder / EVENT_JSON).read_bytes()))


def event_folders(folder: Path) -> list[str]:
    """Names of the events in an evidence folder; what is not finished is not among them."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        return sorted(one.name for one in found if EVENT_ID.fullmatch(one.name) and one.is_dir())


def evidence_folder(path: Path) -> Path:
    """The folder of the event folders: of a run it is `events`."""
    return path / "events" if (path / "events").is_dir() else path
