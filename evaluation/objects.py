"""Are the people of a scene boxed?  Tracks against boxes in CVML, the format of PETS 2009.

A person counts as found where a track overlaps it by half (IoU); a track that finds nobody is
false.  Only frames that the ground truth speaks of count.  Whoever wants fewer false boxes leaves
out tracks of low confidence, and finds fewer people: the recall at few false boxes says how many.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import pick_device
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.tracking import TrackStage
from road_clarity.safety.boxes import overlap
from road_clarity.safety.scene import Box

FOUND = 0.5  # overlap (IoU) from which a person was found


FEW = 0.2  # false boxes in a frame


class Counts(NamedTuple):
    """Of one frame, or of several together."""

    there: int  # people
    hits: int  # people found
    false: int  # tracks that find nobody


class Looked(NamedTuple):
    """One frame: tracks of people with their confidence, and who is there."""

    said: list[tuple[Box, float]]
    there: list[Box]


def evaluate_people(
    frames: Iterable[Frame], truth: dict[int, list[Box]], config: PipelineConfig, device: str
) -> dict[str, float]:
    """The pipeline's tracks on a recording."""
    looked = list(people_looked_at(frames, truth, config, device))
    recall, false = rates(looked, 0.0)
    sure = at_few_false(looked)
    return {
        "recall": recall,
        "false_per_frame": false,
        "recall_at_0.2_false": rates(looked, sure)[0],
        "confidence_at_0.2_false": sure,
    }


def people_looked_at(
    frames: Iterable[Frame], truth: dict[int, list[Box]], config: PipelineConfig, device: str
) -> Iterator[Looked]:
    """Every frame that the truth speaks of."""
    tracking = TrackStage(config.tracks, pick_device(device))
    for frame in frames:
        tracks = tracking.run(frame).tracks
        if frame.index in truth:
            said = [(one.box, one.confidence) for one in tracks if one.label == "person"]
            yield Looked(said, truth[frame.index])


def counts(one: Looked, least: float) -> Counts:
    """Of the tracks that are at least so confident."""
    said = [box for box, confidence in one.said if confidence >= least]
    found = matches(said, one.there)
    return Counts(len(one.there), found, len(said) - found)


def rates(looked: list[Looked], least: float) -> tuple[float, float]:
    """Recall and false boxes per frame of the tracks that are at least so confident."""
    each = [counts(one, least) for one in looked]
    there, hits, false = (sum(column) for column in zip(*each, strict=True)) if each else (0, 0, 0)
    return hits / max(there, 1), false / max(len(each), 1)


def at_few_false(looked: list[Looked]) -> float:
    """Least confidence, in hundredths, from which on at most FEW boxes in a frame are false."""
    levels = (level / 100 for level in range(101))
    return next((level for level in levels if rates(looked, level)[1] <= FEW), 1.01)


def matches(said: list[Box], truth: list[Box]) -> int:
    """How many boxes find somebody; everybody is found once, best pairs first."""
    pairs = sorted(
        ((overlap(a, b), i, j) for i, a in enumerate(said) for j, b in enumerate(truth)),
        reverse=True,
    )
    used: set[int] = set()
    found: set[int] = set()
    for share, i, j in pairs:
        if share >= FOUND and i not in used and j not in found:
            used.add(i)
            found.add(j)
    return len(found)


def read_cvml(path: Path) -> dict[int, list[Box]]:
    """Boxes by frame number.  Raises BadInput."""
    try:
        found = {int(one.attrib["number"]): boxes(one) for one in ET.parse(path).iter("frame")}
    except (OSError, ET.ParseError, KeyError, ValueError) as error:
        raise BadInput("--ground-truth", path, f"is not a CVML file ({error})") from error
    if not any(found.values()):
        raise BadInput("--ground-truth", path, "has nobody in any frame")
    return found


def boxes(frame: ET.Element) -> list[Box]:
    """Centre and size become corners."""
    found = []
    for one in frame.iter("box"):
        x, y, w, h = (float(one.attrib[key]) for key in ("xc", "yc", "w", "h"))
        if not (math.isfinite(x + y + w + h) and w >= 0 and h >= 0):
            raise ValueError(f"a box at {x:g}, {y:g} of {w:g} x {h:g}")
        found.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return found
