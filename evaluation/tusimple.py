"""TuSimple's lane benchmark: official JSON lines in, accuracy, FP and FN out.

The score of one image is models.tusimple_score; here files are checked and images averaged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.models.lane_decoding import columns_at
from road_clarity.models.tusimple_score import LaneScore, score_image
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneStage
from road_clarity.safety.scene import Lanes

ABSENT = -2.0  # column of a row that the lane does not reach


@dataclass(frozen=True)
class LaneLine:
    """One line of a label or prediction file."""

    raw_file: str
    lanes: list[list[float]]  # column per row, negative where absent
    h_samples: list[float]  # rows [px]; a prediction file may leave them out
    run_time: float = 0.0  # [ms]


def evaluate_predictions(predictions: Path, truth: Path) -> dict[str, float]:
    """The official score of a prediction file against a label file.  Raises BadInput."""
    labels = {line.raw_file: line for line in read_lines(truth)}
    predicted = read_lines(predictions)
    if len(predicted) != len(labels):
        remedy = f"must predict each of the {len(labels)} images of {truth} once"
        raise BadInput("predictions", f"{predictions} with {len(predicted)} lines", remedy)
    return mean([_score(line, labels, predictions) for line in predicted])


def evaluate_stage(stage: LaneStage, data: Path, labels: Path) -> dict[str, float]:
    """The pipeline's own lanes on the images below `data`."""
    scores = []
    for index, line in enumerate(read_lines(labels)):
        path = data / line.raw_file
        bgr = cv2.imread(str(path))
        if bgr is None:
            raise BadInput(
                "raw_file", path, "is not an image; --data must name the folder it is below"
            )
        found = stage.run(Frame(index, 0, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)))
        scores.append(score_image(columns(found, line.h_samples), line.lanes, line.h_samples))
    return mean(scores)


def columns(found: Lanes, rows: list[float]) -> list[list[float]]:
    """Lanes of the pipeline in TuSimple's form: a column per row."""
    y = np.asarray(rows, dtype=np.float64)
    sampled = [columns_at(np.asarray(lane.points), y) for lane in found.lanes]
    return [np.nan_to_num(x, nan=ABSENT).tolist() for x in sampled]


def mean(scores: list[LaneScore]) -> dict[str, float]:
    """Averages over images."""
    if not scores:
        raise BadInput("images", 0, "there must be at least one to score")
    accuracy, fp, fn = np.mean(scores, axis=0).tolist()
    return {"accuracy": accuracy, "fp": fp, "fn": fn}


def read_lines(path: Path) -> list[LaneLine]:
    """A file of official JSON lines.  Raises BadInput."""
    if not path.is_file():
        raise BadInput("file", path, "does not exist")
    return [
        _parse(text, f"{path}:{number}")
        for number, text in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if text.strip()
    ]


def _parse(text: str, where: str) -> LaneLine:
    try:
        one: dict[str, Any] = json.loads(text)
        return LaneLine(
            str(one["raw_file"]),
            [[float(x) for x in lane] for lane in one["lanes"]],
            [float(y) for y in one.get("h_samples", [])],
            float(one.get("run_time", 0.0)),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        remedy = 'must be a JSON object with "raw_file" and "lanes" (columns per row)'
        raise BadInput("line", where, remedy) from None


def _score(line: LaneLine, labels: dict[str, LaneLine], source: Path) -> LaneScore:
    truth = labels.get(line.raw_file)
    if truth is None:
        raise BadInput("raw_file", line.raw_file, f"of {source} is not in the ground truth")
    if any(len(lane) != len(truth.h_samples) for lane in (*line.lanes, *truth.lanes)):
        remedy = f"every lane must have {len(truth.h_samples)} columns, one per h_sample"
        raise BadInput("lanes of", line.raw_file, remedy)
    return score_image(line.lanes, truth.lanes, truth.h_samples, line.run_time)
