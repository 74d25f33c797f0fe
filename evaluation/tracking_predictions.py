"""What a tracker answered, from disk: a text file per sequence, in the truth's own box format.

    FOLDER/NAME.txt               OTB, LaSOT and whoever follows them
    FOLDER/NAME/NAME_001.txt      GOT-10k; _002, _003 are repetitions
    FOLDER/NAME/TRACKER.txt       TLD, which keeps all trackers beside the truth

Times per frame [s], where there are any, lie in NAME_time.txt beside them or in FOLDER/times.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from road_clarity.evaluation.tracking_sequences import LAYOUTS, Sequence, read_text
from road_clarity.models.box_text import Boxes, parse_boxes
from road_clarity.models.errors import BadInput


@dataclass(frozen=True, eq=False)
class Prediction:
    """Answers for one sequence."""

    runs: list[Boxes]  # each (T, 4)
    fps: float | None  # None where no times were left


def read_prediction(
    folder: Path, sequence: Sequence, layout: str, tracker: str | None
) -> Prediction:
    """folder: or the one file of the one sequence.  Raises BadInput."""
    runs = []
    for path in answer_files(folder, sequence.name, tracker):
        text = read_text("prediction", path)
        boxes = parse_boxes(text, path, corners=LAYOUTS[layout].corners, field="prediction")
        runs.append(brought_to(len(sequence.boxes), boxes, path, layout))
    return Prediction(runs, read_fps(folder, sequence.name))


def answer_files(folder: Path, name: str, tracker: str | None) -> list[Path]:
    """One, or one per repetition.  Raises BadInput when there is none."""
    if folder.is_file():
        return [folder]
    if tracker is not None:
        return [folder / name / f"{tracker}.txt"]
    dashed = "-".join(name.rsplit(".", 1))  # Jogging.1 is also called Jogging-1
    for pattern in (f"{name}.txt", f"{dashed}.txt", f"{name}/{name}_[0-9]*.txt"):
        found = sorted(folder.glob(pattern))
        if found:
            return found
    beside = ", ".join(sorted(path.stem for path in (folder / name).glob("*.txt")))
    hint = f"; {name} in it holds {beside}: choose one with --tracker" if beside else ""
    raise BadInput("--predictions", folder, f"has no {name}.txt{hint}")


def brought_to(length: int, boxes: Boxes, path: Path, layout: str) -> Boxes:
    """(T, 4) as the benchmark's tool takes a file of another length.  Raises BadInput."""
    missing = length - len(boxes)
    if layout == "tld" and missing > 0:
        return np.vstack([boxes, np.full((missing, 4), np.nan)])
    if missing == 0 or (missing < 0 and layout in ("tld", "lasot")):
        return boxes[:length]
    raise BadInput("prediction", path, f"has {len(boxes)} boxes; the sequence has {length} frames")


def read_fps(folder: Path, name: str) -> float | None:
    """Mean of the frames' own rates, as the toolkits take it.  Raises BadInput."""
    file = f"{name}_time.txt"
    for path in (folder / name / file, folder / "times" / file, folder / file):
        if path.is_file():
            return mean_rate(path)
    return None


def mean_rate(path: Path) -> float | None:
    numbers = read_text("times", path).replace(",", " ").split()
    try:
        seconds = np.array(numbers, float)
    except ValueError as error:
        raise BadInput("times", path, f"must be seconds per frame ({error})") from error
    seconds = seconds[np.isfinite(seconds) & (seconds > 0)]
    return float((1 / seconds).mean()) if len(seconds) else None
