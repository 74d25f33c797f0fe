"""One frame of a recording, explained on the spot: two sheets of pictures, and a sentence on each.

No server and no run folder is needed; where there is one, its tracks and reasons are asked about.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from road_clarity.evaluation.run_source import row_at
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.stored_event import DEFAULT_MODEL, StoredEvent
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.event import EVENT_JSON
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.overlay import Pixels
from road_clarity.pipeline.panels.predicted import PredictedAccount, predicted_sheet
from road_clarity.pipeline.panels.redrawn import RedrawnAccount, redrawn_sheet
from road_clarity.pipeline.places import accused, places_of
from road_clarity.pipeline.run_folder import is_run, replace_folder, write_json
from road_clarity.pipeline.video import IMAGE_SUFFIXES
from road_clarity.pipeline.world_account import (
    Moment,
    Place,
    WorldPair,
    foreseen_account,
    last_moment,
    moment_at,
    redrawn_account,
)

REDRAWN, PREDICTED, WHY = "redrawn.png", "predicted.png", "why.json"
PARTS = {REDRAWN, PREDICTED, WHY}


@dataclass(frozen=True)
class Wanted:
    """Which frame of what."""

    source: Path  # recording, image, or run folder
    frame: int  # its number, from 0 on
    topic: str | None = None  # camera topic of a bag
    fps: float = 10.0  # of an image folder [1/s]
    stored: StoredEvent | None = None  # of an event: its evidence is the source

    def moment(self, side: int) -> Moment:
        """The frame and what came before it, as the network sees them.  Raises BadInput."""
        if self.stored is not None:
            return last_moment(self.stored.frames(), side)
        frames = open_source(self.source, topic=self.topic, fps=self.fps).frames
        return moment_at(frames, self.frame, side)

    def places(self, size: tuple[int, int]) -> tuple[list[Place], int | None]:
        """What was recorded of the frame, of size (W, H), and which of it was blamed.

        Nothing where nothing was recorded.
        """
        row = self._row()
        if row is None:
            return [], None
        return places_of(row, size), 0 if accused(row, size) else None

    def _row(self) -> Row | None:
        if self.stored is not None:
            return self.stored.row()
        return row_at(self.source, self.frame) if is_run(self.source) else None


def wanted(what: Path, frame: int | None, topic: str | None = None, fps: float = 10.0) -> Wanted:
    """An event's folder knows its frame; a single image has one.  Raises BadInput."""
    if (what / EVENT_JSON).is_file():
        stored = StoredEvent.open(what)
        return Wanted(what, stored.event.peak_index, stored=stored)
    if frame is None and what.suffix.lower() not in IMAGE_SUFFIXES:
        raise BadInput("frame", "missing", "say which frame of the recording with --frame NUMBER")
    return Wanted(what, frame or 0, topic, fps)


def explain_recording(asked: Wanted, model: str | None, save: Path | None) -> dict[str, Any]:
    """What `why.json` says; with a folder to save to, that and the sheets lie there.

    model: weights of the world model; without, those that judged the event, or vae_edge
    Raises BadInput, and leaves nothing behind then.
    """
    if save is not None:
        require_ours(save)
    judged = DEFAULT_MODEL if asked.stored is None else asked.stored.world_model
    pair = WorldPair.load(model or judged)
    moment = asked.moment(pair.autoencoder.side)
    stamp_s = moment.frame.stamp_ns * 1e-9
    places, blamed = asked.places(moment.frame.size)
    about = f"{asked.source.name}, frame {asked.frame}, {stamp_s:.2f} s; networks {pair.names}"
    redrawn = redrawn_account(pair, moment.frame.image, places, about, pair.calm, blamed)
    predicted, missing = foreseen_account(pair, moment.steps, about)
    said = {
        "source": str(asked.source),
        "frame": asked.frame,
        "stamp_ns": moment.frame.stamp_ns,
        "networks": pair.names,
        "redrawn": redrawn_words(redrawn),
        "predicted": {"caption": missing} if predicted is None else predicted_words(predicted),
    }
    if asked.stored is not None:
        said["evidence"] = asked.stored.weights_said(pair.names.split(", "))
    if save is not None:
        sheets = {REDRAWN: redrawn_sheet(redrawn)}
        if predicted is not None:
            sheets[PREDICTED] = predicted_sheet(predicted)
        keep(save, sheets, said)
        said["pictures"] = [str(save / name) for name in sheets]
    return said


def redrawn_words(account: RedrawnAccount) -> dict[str, Any]:
    regions = [
        {
            "label": label,
            "box": [round(value, 2) for value in one.box],
            "verdict": one.verdict,
            "layer": one.layer,
            "error_share": one.error_share,
            "times_worse": one.times_worse,
            "maps_of": one.maps_of,
            "maps": [{"channel": each.channel, "share": each.share} for each in one.maps[:10]],
        }
        for label, one in zip(account.labels, account.found.regions, strict=True)
    ]
    error = float(account.found.error_map.mean())
    return {"caption": account.caption, "error": error, "regions": regions}


def predicted_words(account: PredictedAccount) -> dict[str, Any]:
    seen = account.foresight
    return {
        "caption": account.caption,
        "error": {"dreamt": seen.dreamt.tolist(), "copied": seen.copied.tolist(),
                  "steady": seen.steady.tolist(), "redrawn": seen.redrawn},
        "relevance_shares": account.relevance.shares.tolist(),
        "surprise": [float(one) for one in account.surprise[1:]],
    }  # fmt: skip


def require_ours(save: Path) -> None:
    """Raises BadInput unless the folder is free, empty, or holds earlier sheets and no more."""
    if save.exists() and not save.is_dir():
        raise BadInput("output folder", save, "is a file; name another folder with --save")
    if save.is_dir() and not {entry.name for entry in save.iterdir()} <= PARTS:
        raise BadInput("output folder", save, "holds other files; name a new folder with --save")


def keep(save: Path, sheets: dict[str, Pixels], said: dict[str, Any]) -> None:
    """All of it, or nothing."""
    with staging(save) as stage:
        for name, sheet in sheets.items():
            cv2.imwrite(str(stage / name), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
        write_json(stage / WHY, said)


@contextmanager
def staging(save: Path) -> Iterator[Path]:
    """A folder beside it that takes its place at the end, or vanishes."""
    save = save.absolute()
    save.parent.mkdir(parents=True, exist_ok=True)
    stage = save.with_name(f".{save.name}.{os.getpid()}.partial")
    stage.mkdir()
    try:
        yield stage
        replace_folder(stage, save)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
