"""A run folder as a recording: the pictures that replay kept, under the numbers of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import Row
from road_clarity.pipeline.run_folder import MCAP, read_rows
from road_clarity.pipeline.run_pictures import READ_ERRORS, pictures


def read_run(run: Path) -> Iterator[Frame]:
    """Raises BadInput where the pictures end before the frames do."""
    if not (run / MCAP).is_file():
        raise BadInput("run folder", run, f"has no {MCAP}; replay the recording again")
    kept = pictures(run)
    try:
        for row, (_, content) in zip(read_rows(run), kept, strict=False):
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
            yield Frame(row["index"], row["stamp_ns"], np.asarray(image, np.uint8))
    except (*READ_ERRORS, cv2.error) as error:
        raise BadInput("run folder", run, f"{MCAP} cannot be read ({error})") from error


def row_at(run: Path, index: int) -> Row | None:
    """What was recorded of a frame; None when there is no such frame."""
    return next((row for row in read_rows(run) if row["index"] == index), None)
