"""The hardest clips of runs as MCAP files, with an index that says why each was taken.

OUT/0001-risk.mcap   pictures and lines of frames.jsonl; replay, ros2 bag and Foxglove read it
OUT/index.json       the clips in the order in which they were taken
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from road_clarity.evaluation.mine.rank import (
    DISAGREEMENT,
    NOVELTY,
    RISK,
    Clip,
    Hard,
    hardest,
    values_of,
)
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.clip import compressed_image, packed_clip
from road_clarity.pipeline.frame_row import Row, rounded, without_latency
from road_clarity.pipeline.run_clips import summary_of
from road_clarity.pipeline.run_folder import read_rows, write_json
from road_clarity.pipeline.run_pictures import READ_ERRORS, pictures

INDEX = "index.json"
FRAME_ID = "camera"
DIGITS = 6


def mine(runs: Sequence[Path], out: Path, top: int, seconds: float) -> list[dict[str, Any]]:
    """Write the clips; what the index says of them.  Nothing is written when nothing is hard.

    Raises BadInput for what is no finished run and for an output folder that is in use.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput("output folder", out, "holds other files; name a new folder with --out")
    frames = [frame for number, run in enumerate(runs) for frame in frames_of(number, run)]
    clips = hardest(frames, top, seconds)
    if not clips:
        return []
    out.mkdir(parents=True, exist_ok=True)
    told = []
    for number, clip in enumerate(clips, 1):
        run = runs[clip.frame.run]
        name = f"{number:04d}-{clip.why}.mcap"
        rows = rows_of(run, clip)
        (out / name).write_bytes(clip_of(run, clip, rows))
        told.append({"file": name, "run": str(run.absolute()), **said(clip, rows)})
    write_json(out / INDEX, {"clips": told})
    return told


def frames_of(number: int, run: Path) -> Iterator[Hard]:
    sources = {one["start_ns"]: one for one in summary_of(run)["sources"]}
    source: dict[str, Any] = {}
    for row in read_rows(run):
        source = sources.get(row["stamp_ns"], source)
        yield Hard(
            number,
            source["name"],
            (source["start_ns"], source["end_ns"]),
            row["index"],
            row["stamp_ns"],
            values_of(row),
            row["world"]["surprise"] or 0.0,
        )


def rows_of(run: Path, clip: Clip) -> dict[int, Row]:
    """By stamp."""
    inside = (row for row in read_rows(run) if clip.start_ns <= row["stamp_ns"] <= clip.end_ns)
    return {row["stamp_ns"]: row for row in inside}


def clip_of(run: Path, clip: Clip, rows: dict[int, Row]) -> bytes:
    """The file's content.  Raises BadInput where the run's pictures cannot be read."""
    try:
        found = dict(pictures(run, clip.start_ns, clip.end_ns + 1))
    except READ_ERRORS as error:
        raise BadInput("run folder", run, f"its pictures cannot be read ({error})") from error
    return packed_clip(
        (
            at,
            compressed_image(at, FRAME_ID, found[at]) if at in found else None,
            without_latency(row).encode(),
        )
        for at, row in sorted(rows.items())
    )


def said(clip: Clip, rows: dict[int, Row]) -> dict[str, Any]:
    frame = clip.frame
    risk = rows[frame.stamp_ns]["risk"]
    return {
        "source": frame.source,
        "why": clip.why,
        "text": in_words(clip, risk["reasons"]),
        "frame": frame.index,
        "stamp_ns": frame.stamp_ns,
        "start_ns": clip.start_ns,
        "end_ns": clip.end_ns,
        "frames": len(rows),
        "level": risk["level"],
        "score": risk["score"],
        "values": {name: rounded(value, DIGITS) for name, value in frame.values.items()},
        "reasons": [one["code"] for one in risk["reasons"]],
    }


def in_words(clip: Clip, reasons: Sequence[Row]) -> str:
    value = clip.frame.values[clip.why]
    first = f": {reasons[0]['text']}" if reasons else ""
    return {
        RISK: f"risk {value:.2f}{first}",
        DISAGREEMENT: f"modules contradict each other by {value:.2f} of the score",
        NOVELTY: f"of calm frames one in {10**value:.0f} is as strange",
    }[clip.why]
