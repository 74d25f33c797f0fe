"""A lane network on the images of a benchmark, its lanes put in the benchmark's form and scored.

TuSimple wants a column for each of the label's rows, CULane the points in every twentieth row of
the image, from the bottom upwards, as Pan et al. sample them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation import culane, tusimple
from road_clarity.evaluation.culane_rules import CulaneRules
from road_clarity.models.culane_lines import FEWEST_POINTS, format_lanes
from road_clarity.models.errors import BadInput
from road_clarity.models.lane_decoding import columns_at
from road_clarity.models.lane_spline import Points
from road_clarity.models.tusimple_score import LaneScore, score_image
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneStage
from road_clarity.safety.scene import Lanes

ABSENT = -2.0  # TuSimple's column of a row that the lane does not reach
ROWS, ROW_STEP = 18, 20  # that a lane of CULane is sampled in, and their distance [px]


def run_tusimple(stage: LaneStage, data: Path, labels: Path) -> dict[str, float]:
    """The stage's lanes on the images below `data`.  Raises BadInput."""
    scores = list(tusimple_scores(stage, data, tusimple.read_labels(labels)))
    return tusimple.mean(scores, len(scores))


def tusimple_scores(
    stage: LaneStage, data: Path, labels: Sequence[tusimple.LaneLine]
) -> Iterator[LaneScore]:
    """Of every labelled image.  Raises BadInput."""
    for index, line in enumerate(labels):
        found = stage.run(Frame(index, 0, read_image(data, line.raw_file)))
        yield score_image(columns(found, line.h_samples), line.lanes, line.h_samples)


def run_culane(
    stage: LaneStage,
    data: Path,
    truth: Path,
    lists: Sequence[Path],
    rules: CulaneRules,
    kept: Path | None = None,
) -> dict[str, object]:
    """The stage's lanes on the listed images below `data`.  Raises BadInput.

    kept: new folder for the prediction files, in the official form; there when all is done
    """
    if kept is not None and kept.exists():
        raise BadInput("--write", kept, "is there already; name a new folder")
    names = culane.images_of(culane.read_lists(lists))
    for name in names:
        culane.read_labels(truth, name)  # before the hours of work, not after
    with TemporaryDirectory(dir=kept.parent if kept else None) as aside:
        written = Path(aside) / "lanes"
        for index, name in enumerate(names):
            found = stage.run(Frame(index, 0, sized_image(data, name, rules)))
            path = culane.lines_path(written, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(format_lanes(points(found, rules.image_height)))
        scores = culane.evaluate_predictions(written, truth, lists, rules)
        if kept is not None:
            written.rename(kept)
    return scores


def columns(found: Lanes, rows: Sequence[float]) -> list[list[float]]:
    """Lanes in TuSimple's form: a column per row."""
    y = np.asarray(rows, dtype=np.float64)
    sampled = [columns_at(np.asarray(lane.points), y) for lane in found.lanes]
    return [np.nan_to_num(x, nan=ABSENT).tolist() for x in sampled]


def points(found: Lanes, image_height: int) -> list[Points]:
    """Lanes in CULane's form, without those that cross fewer than two of its rows."""
    y = np.asarray(image_height - 1 - ROW_STEP * np.arange(ROWS), np.float64)
    sampled = []
    for lane in found.lanes:
        x = columns_at(np.asarray(lane.points), y)
        there = ~np.isnan(x)
        sampled.append(np.stack([x[there], y[there]], axis=1).astype(np.float32))
    return [lane for lane in sampled if len(lane) >= FEWEST_POINTS]


def sized_image(data: Path, name: str, rules: CulaneRules) -> NDArray[np.uint8]:
    """An image of the size in which the labels count.  Raises BadInput."""
    image = read_image(data, name)
    height, width = image.shape[:2]
    if (width, height) != (rules.image_width, rules.image_height):
        remedy = f"is {width}x{height}, not {rules.image_width}x{rules.image_height}; say so with"
        raise BadInput("image", name, f"{remedy} --image-width and --image-height")
    return image


def read_image(data: Path, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) RGB.  Raises BadInput."""
    path = data / name.lstrip("/")
    bgr = cv2.imread(str(path)) if path.is_file() else None
    if bgr is None:
        raise BadInput(
            "image", path, "is none; --data must name the folder that image names start in"
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
