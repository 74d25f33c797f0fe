"""The camera's pictures of a run for those who ask for one frame."""

from __future__ import annotations

from pathlib import Path

from road_clarity.pipeline.run_folder import MCAP
from road_clarity.pipeline.run_pictures import READ_ERRORS, pictures
from road_clarity.service.errors import damaged, not_ready


def picture_at(run: Path, stamp_ns: int) -> bytes:
    """The encoded picture of the frame with that stamp [ns].  Raises Refusal."""
    if not (run / MCAP).is_file():
        raise not_ready(
            "NO_PICTURES", f"the run has no {MCAP} yet, so only its events have pictures"
        )
    try:
        for _, content in pictures(run, stamp_ns, stamp_ns + 1):
            return content
    except READ_ERRORS as error:
        raise damaged(f"{MCAP} cannot be read: {error}", file=MCAP) from error
    raise not_ready("NO_PICTURES", f"{MCAP} holds no picture with the stamp {stamp_ns}")
