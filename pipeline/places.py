"""Parts of a recorded frame that somebody may ask about."""

from __future__ import annotations

from typing import Any

from road_clarity.pipeline.frame_row import Row
from road_clarity.safety.scene import Box


def places_of(row: Row, size: tuple[int, int]) -> list[tuple[str, Box]]:
    """What the reasons point to and every tracked object, as far as it is inside the image [px].

    What reasons point to comes first.  A reason that points to an object is one place with it:
    "vehicle 3, collision.time".
    size: (width, height) of the image
    """
    named = [(f"{track['label']} {track['id']}", track["box"]) for track in row["tracks"] or ()]
    named += [(reason["code"], reason["region"]) for reason in row["risk"]["reasons"]]
    labels: dict[Box, list[str]] = {}
    for label, box in named:
        inside = None if box is None or None in box else clipped(box, size)
        if inside is not None:
            labels.setdefault(inside, []).append(label)
    pointed = accused(row, size)
    order = sorted(labels, key=lambda box: pointed.index(box) if box in pointed else len(pointed))
    return [(", ".join(labels[box]), box) for box in order]


def accused(row: Row, size: tuple[int, int]) -> list[Box]:
    """The places that reasons point to, largest share first, inside an image of that size [px]."""
    regions = [reason["region"] for reason in row["risk"]["reasons"]]
    inside = [clipped(box, size) for box in regions if box is not None and None not in box]
    return [box for box in inside if box is not None]


def clipped(box: Any, size: tuple[int, int]) -> Box | None:
    """The part inside an image of size (width, height); None when there is none [px]."""
    x0, x1 = (min(max(x, 0.0), size[0]) for x in box[0::2])
    y0, y1 = (min(max(y, 0.0), size[1]) for y in box[1::2])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None
