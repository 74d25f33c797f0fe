"""CULane's lane benchmark (Pan et al. 2018): which lanes are found, missed or made up.

Counts as the official program does (tools/lane_evaluation of SCNN): lanes drawn broad, those that
overlap most are paired, a pair above the threshold is a hit; totals are sums over images and lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from road_clarity.evaluation.culane_rules import CulaneRules
from road_clarity.evaluation.lane_masks import Canvas, LaneMask, overlap
from road_clarity.evaluation.over_files import over_files
from road_clarity.evaluation.text_files import read_text, require_folder
from road_clarity.models.culane_lines import FEWEST_POINTS, parse_lanes
from road_clarity.models.errors import BadInput
from road_clarity.models.lane_matching import match
from road_clarity.models.lane_spline import Points, curve

IMAGE_S = 0.003  # that one image takes [s]


class Counts(NamedTuple):
    """Of one image, or of many."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    missing: int = 0  # images without prediction file, which count as without lanes


@dataclass(frozen=True)
class CountImage:
    """Name of an image -> its counts."""

    predictions: Path
    truth: Path
    rules: CulaneRules

    def __call__(self, name: str) -> Counts:
        labelled = read_labels(self.truth, name)
        path = lines_path(self.predictions, name)
        predicted = read_predictions(path) if path.exists() else []
        return count(labelled, predicted, self.rules)._replace(missing=int(not path.exists()))


def evaluate_predictions(
    predictions: Path, truth: Path, lists: Sequence[Path], rules: CulaneRules
) -> dict[str, object]:
    """The official scores of a folder of prediction files.  Raises BadInput."""
    require_folder("predictions", predictions)
    require_folder("ground truth", truth)
    named = read_lists(lists)
    names = images_of(named)
    counted = over_files(CountImage(predictions, truth, rules), names, IMAGE_S)
    return report(named, dict(zip(names, counted, strict=True)))


def count(labelled: Sequence[Points], predicted: Sequence[Points], rules: CulaneRules) -> Counts:
    """The counts of one image."""
    hits = 0
    if labelled and predicted:
        canvas = Canvas(rules.image_width, rules.image_height, rules.lane_width)
        truths, said = ([draw(canvas, lane) for lane in lanes] for lanes in (labelled, predicted))
        similarity = [[alike(one, other) for other in said] for one in truths]
        hits = sum(similarity[i][j] > rules.iou for i, j in match(similarity))
    return Counts(hits, len(predicted) - hits, len(labelled) - hits)


def draw(canvas: Canvas, lane: Points) -> LaneMask | None:
    """None where there is no length to draw."""
    return canvas.draw(curve(lane)) if len(lane) >= FEWEST_POINTS else None


def alike(one: LaneMask | None, other: LaneMask | None) -> float:
    return overlap(one, other) if one is not None and other is not None else 0.0


def report(lists: Mapping[str, Sequence[str]], counted: Mapping[str, Counts]) -> dict[str, object]:
    """JSON: the scores of all lists together, and those of each."""
    sums = {name: total([counted[image] for image in images]) for name, images in lists.items()}
    everything = scores(total(list(sums.values())))
    return {**everything, "lists": {name: scores(one) for name, one in sums.items()}}


def total(counts: Sequence[Counts]) -> Counts:
    return Counts(*(sum(column) for column in zip(*counts, strict=True)))


def scores(counts: Counts) -> dict[str, float]:
    """0 where there is nothing to divide by (the official program prints -1 or nan there)."""
    tp, fp, fn, missing = counts
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "precision": tp / max(tp + fp, 1),
        "recall": tp / max(tp + fn, 1),
        "f1": 2 * tp / max(2 * tp + fp + fn, 1),
        "missing": missing,
    }


def read_lists(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Name of each list -> names of its images.  A folder stands for its .txt files."""
    files = [file for path in paths for file in list_files(path)]
    if not files:
        raise BadInput("list", "missing", "name a file of image names, one per line, with --list")
    named: dict[str, list[str]] = {}
    for file in files:
        if file.stem in named:
            raise BadInput("list", file, f"is the second that is called {file.stem}; rename it")
        named[file.stem] = image_names(file)
    return named


def images_of(lists: Mapping[str, Sequence[str]]) -> list[str]:
    """Every image once."""
    return sorted({name for one in lists.values() for name in one})


def list_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.txt"))
    if not found:
        raise BadInput("list", path, "is a folder without .txt files")
    return found


def image_names(path: Path) -> list[str]:
    """First column of a list: train lists name a label image and the lanes as well."""
    names = [line.split()[0] for line in read_text(path).splitlines() if line.strip()]
    if not names:
        raise BadInput("list", path, "is empty; it must name an image per line")
    for name in names:
        if ".." in name.split("/"):
            raise BadInput("list", path, f"names {name}; names must not lead out of the folder")
    return names


def read_labels(folder: Path, name: str) -> list[Points]:
    """The labelled lanes of an image.  Raises BadInput."""
    path = lines_path(folder, name)
    if not path.exists():
        remedy = f"of the listed image {name} does not exist; one without lanes has an empty file"
        raise BadInput("label file", path, remedy)
    return read_lanes(path)


def read_predictions(path: Path) -> list[Points]:
    """The predicted lanes of an image.  Raises BadInput."""
    lanes = read_lanes(path)
    for number, lane in enumerate(lanes, 1):
        if len(lane) == 1:
            raise BadInput("lane", f"{path}:{number}", "has one point and no length; leave it out")
    return lanes


def read_lanes(path: Path) -> list[Points]:
    return parse_lanes(read_text(path), str(path))


def lines_path(folder: Path, name: str) -> Path:
    """/driver_1/a.MP4/00000.jpg -> <folder>/driver_1/a.MP4/00000.lines.txt"""
    inside = name.lstrip("/")
    return folder / f"{inside.rpartition('.')[0] or inside}.lines.txt"
