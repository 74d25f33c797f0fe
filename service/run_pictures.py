"""The camera's pictures of a run for those who ask for one frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from road_clarity.pipeline.run_folder import MCAP
from road_clarity.pipeline.run_pictures import READ_ERRORS, pictures
from road_clarity.service.errors import damaged, not_ready


def picture_at(run: Path, stamp_ns: int) -> bytes:
    """The encoded picture of the frame with that stamp [ns].  Raises Refusal."""
    for _, content in kept(run, stamp_ns, stamp_ns + 1):
        return content
    raise not_ready("NO_PICTURES", f"{MCAP} holds no picture with the stamp {stamp_ns}")


def pictures_before(run: Path, stamp_ns: int, reach_ns: int) -> Iterator[tuple[int, bytes]]:
    """Stamp and encoded picture of the frames before that stamp [ns].  Raises Refusal."""
    return kept(run, max(stamp_ns - reach_ns, 0), stamp_ns)


def kept(run: Path, from_ns: int, until_ns: int) -> Iterator[tuple[int, bytes]]:
    """Raises Refusal."""
    if not (run / MCAP).is_file():
        raise not_ready(
            "NO_PICTURES", f"the run has no {MCAP} yet, so only its events have pictures"
        )
    try:
        yield from pictures(run, from_ns, until_ns)
    except READ_ERRORS as error:
        raise damaged(f"{MCAP} cannot be read: {error}", file=MCAP) from error
