"""TuSimple's lane benchmark: official JSON lines in, accuracy, FP and FN out.

The score of one image is models.tusimple_score; here files are checked and images averaged as
evaluate/lane.py does: as many predictions as labels, each of a labelled image, summed over the
predictions and divided by the labelled images.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from road_clarity.evaluation.text_files import read_text
from road_clarity.models.errors import BadInput
from road_clarity.models.tusimple_score import LaneScore, score_image


@dataclass(frozen=True)
class LaneLine:
    """One line of a label or prediction file."""

    raw_file: str
    lanes: list[list[float]]  # column per row, negative where absent
    h_samples: list[float]  # rows [px]; a prediction file may leave them out
    run_time: float  # [ms]; 0 where it is left out
    where: str  # file and line


def evaluate_predictions(predictions: Path, truth: Path) -> dict[str, float]:
    """The official score of a prediction file against a label file.  Raises BadInput."""
    lines, predicted = read_labels(truth), read_lines(predictions)
    labels = {line.raw_file: line for line in lines}
    if len(predicted) != len(lines):
        remedy = f"must predict each of the {len(lines)} images of {truth} once"
        raise BadInput("predictions", f"{predictions} with {len(predicted)} lines", remedy)
    return mean([_score(line, labels) for line in predicted], len(labels))


def mean(scores: Sequence[LaneScore], images: int) -> dict[str, float]:
    """Averages over images."""
    if not images:
        raise BadInput("images", 0, "there must be at least one to score")
    accuracy, fp, fn = (sum(column) / images for column in zip(*scores, strict=True))
    return {"accuracy": accuracy, "fp": fp, "fn": fn}


def read_labels(path: Path) -> list[LaneLine]:
    """A file of official labels.  Raises BadInput."""
    lines = read_lines(path)
    for line in lines:
        if line.lanes and not line.h_samples:
            raise BadInput("h_samples of", line.where, "must name the row of every column")
        _require_columns(line, line.h_samples)
    return lines


def read_lines(path: Path) -> list[LaneLine]:
    """A file of official JSON lines.  Raises BadInput."""
    return [
        _parse(text, f"{path}:{number}")
        for number, text in enumerate(read_text(path).split("\n"), 1)
        if text.strip()
    ]


def _parse(text: str, where: str) -> LaneLine:
    try:
        one: dict[str, Any] = json.loads(text)
        if not isinstance(one["raw_file"], str):
            raise TypeError("raw_file")
        lanes = [_numbers(lane) for lane in one["lanes"]]
        (run_time,) = _numbers([one.get("run_time", 0.0)])
        return LaneLine(one["raw_file"], lanes, _numbers(one.get("h_samples", [])), run_time, where)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        remedy = 'must be a JSON object with "raw_file" and "lanes" (finite columns per row)'
        raise BadInput("line", where, remedy) from None


def _numbers(values: object) -> list[float]:
    if not isinstance(values, list) or not all(type(one) in (int, float) for one in values):
        raise TypeError("no list of numbers")
    numbers = [float(one) for one in values]
    if not all(math.isfinite(one) for one in numbers):
        raise ValueError("not finite")
    return numbers


def _score(line: LaneLine, labels: dict[str, LaneLine]) -> LaneScore:
    truth = labels.get(line.raw_file)
    if truth is None:
        remedy = f"of {line.where} is not in the ground truth; leave its line out"
        raise BadInput("raw_file", line.raw_file, remedy)
    _require_columns(line, truth.h_samples)
    return score_image(line.lanes, truth.lanes, truth.h_samples, line.run_time)


def _require_columns(line: LaneLine, rows: list[float]) -> None:
    if any(len(lane) != len(rows) for lane in line.lanes):
        remedy = f"every lane must have {len(rows)} columns, one per h_sample"
        raise BadInput("lanes of", f"{line.raw_file} in {line.where}", remedy)
