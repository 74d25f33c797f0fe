"""report.html: one file that tells a stranger what was flagged, when and why; needs no network."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from road_clarity.evaluation.filmstrip import Still, pick, thumbnail
from road_clarity.evaluation.replay_pipeline import Described
from road_clarity.evaluation.timeline import (
    HEIGHT,
    STRANGE_HEIGHT,
    WIDTH,
    areas,
    clock,
    columns,
    event_span,
    reason_cells,
    strangeness,
    ticks,
)
from road_clarity.pipeline.events import ERROR_MAP_PNG, OVERLAY_JPG, Event, read_events
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.overlay import LEVEL_COLOURS
from road_clarity.safety.event_table import CAUSES, entry

if TYPE_CHECKING:
    from road_clarity.pipeline.presets import PipelineConfig

MOST_EVENTS = 40  # cards with pictures; a longer list is cut, worst first, and says so
STILLS = 8
PICTURE_WIDTH = 640  # of event pictures [px]
LEVEL_MEANING = {
    "nominal": "nothing, or too little, speaks against calm",
    "elevated": "enough speaks against calm to look closer",
    "high": "act: the reasons add up to a dangerous scene",
    "unknown": "something is missing, late or unreadable, so that calm cannot be claimed",
}


def write_report(
    path: Path,
    summary: Mapping[str, Any],
    rows: Sequence[Row],
    events: Path,
    stills: Sequence[Still],
    pipeline: Described,
) -> None:
    """summary: of summary.json; rows: of frames.jsonl; events: folder of the event folders."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["clock"] = clock
    environment.filters["data_uri"] = data_uri
    environment.filters["in_words"] = in_words
    start_ns = rows[0]["stamp_ns"]
    environment.filters["since_start"] = partial(since_start, start_ns=start_ns)
    found = read_events(events)
    page = environment.get_template("report.html.jinja").render(
        summary=summary,
        duration_s=(rows[-1]["stamp_ns"] - start_ns) * 1e-9,
        levels=level_shares(rows),
        level_colours=LEVEL_COLOURS,
        level_meaning=LEVEL_MEANING,
        timeline=timeline(rows, found, pipeline.config, summary["promise"]["threshold"]),
        events=[event_card(event, events / event.id) for event in worst_first(found)],
        events_in_all=len(found),
        stills=pick(stills, STILLS),
        cards=list(pipeline.cards.values()),
        runtimes=pipeline.runtimes,
        settings=settings(pipeline.config),
        glossary=glossary(rows),
    )
    path.write_text(page)


def in_words(promise: Mapping[str, Any]) -> str:
    """What the flag is worth.  promise: of a row, an event or the summary."""
    text = str(promise["text"])
    told = f"{text[:1].upper()}{text[1:]}."
    if promise["p_value"] is not None:
        told = f"{promise['p_value']:.1%} of nominal clips go as high as this one. {told}"
    id = promise["calibration_id"]
    return told if id is None else f"{told} Calibration {id}."


def since_start(stamp_ns: int, start_ns: int) -> str:
    return clock((stamp_ns - start_ns) * 1e-9)


def data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + b64encode(jpeg).decode()


def level_shares(rows: Sequence[Row]) -> dict[str, float]:
    """level -> share of the frames, for every level there is."""
    counts = Counter(row["risk"]["level"] for row in rows)
    return {level: counts[level] / len(rows) for level in LEVEL_COLOURS}


def timeline(
    rows: Sequence[Row],
    events: Sequence[Event],
    config: PipelineConfig,
    flagged_from: float | None,
) -> dict[str, Any]:
    shown = columns(rows)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "areas": areas(shown),
        "strangeness": strangeness(shown),
        "strange_height": STRANGE_HEIGHT,
        "reasons": reason_cells(shown),
        "ticks": ticks(shown),
        "thresholds": thresholds(config, flagged_from),
        "events": [(event, *event_span(event, len(rows))) for event in events],
        "hover": [
            {"t": clock(one.time_s), "s": round(one.score, 2), "l": one.level, "r": one.text}
            for one in shown
        ],
    }


def thresholds(config: PipelineConfig, flagged_from: float | None) -> dict[str, float]:
    """Where the levels begin; a calibration may have set it beyond the largest score."""
    elevated, high = config.safety.elevated, config.safety.high
    if flagged_from is not None:
        elevated, high = flagged_from, max(high, flagged_from)
    begins = {"elevated": elevated, "high": high}
    return {level: at for level, at in begins.items() if at <= 1.0}


def worst_first(events: Sequence[Event]) -> list[Event]:
    """The worst MOST_EVENTS, in the order in which they happened."""
    worst = sorted(events, key=lambda event: -(event.score or 0.0))[:MOST_EVENTS]
    return sorted(worst, key=lambda event: event.id)


def event_card(event: Event, folder: Path) -> dict[str, Any]:
    return {
        "event": event,
        "overlay": picture(folder / OVERLAY_JPG),
        "error_map": picture(folder / ERROR_MAP_PNG),
    }


def picture(path: Path) -> bytes | None:
    """A small JPEG of the picture; None where there is none."""
    if not path.is_file():
        return None
    image = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)
    return thumbnail(image, PICTURE_WIDTH)


def settings(config: PipelineConfig) -> list[tuple[str, Any, str, bool]]:
    """(part.field, value, meaning, whether it differs from the default) of every setting."""
    return [
        (f"{part.name}.{one.name}", value, one.metadata.get("doc", ""), value != one.default)
        for part in fields(config)
        for one in fields(getattr(config, part.name))
        for value in [getattr(getattr(config, part.name), one.name)]
    ]


def glossary(rows: Sequence[Row]) -> dict[str, str]:
    """What every reason code means; faults only as far as they occurred."""
    seen = {reason["code"] for row in rows for reason in row["risk"]["reasons"]}
    monitors = {one.code: one.text for one in CAUSES}
    return monitors | {code: entry(code).text for code in sorted(seen - monitors.keys())}
