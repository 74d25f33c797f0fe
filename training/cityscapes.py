"""Cityscapes (Cordts et al. 2016, arXiv:1604.01685): 2048 x 1024, 19 of its 34 labels count.

leftImg8bit/<split>/<city>/<frame>_leftImg8bit.png and
gtFine/<split>/<city>/<frame>_gtFine_labelIds.png
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.safety.cityscapes import LABEL_IDS
from road_clarity.training.labelled import Labelled, meaning, read_pair

LABELS = 34  # ids 0..33; the licence plate's, -1, is drawn as 255
MEANING = meaning(LABEL_IDS[:LABELS].tolist())
IMAGE_END, LABEL_END = "_leftImg8bit.png", "_gtFine_labelIds.png"
LICENCE = "Cityscapes, non-commercial research"


@dataclass(frozen=True)
class CityscapesSplit:
    """Pairs of one split, read when they are asked for: decoded, a split has 20 GB."""

    paths: tuple[tuple[Path, Path], ...]  # image, label

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Labelled:
        """Raises BadInput."""
        return read_pair(*self.paths[index], MEANING)


def read_cityscapes(folder: Path, split: str) -> CityscapesSplit:
    """'train' or 'val', in the order of city and frame.  Raises BadInput."""
    images = sorted((folder / "leftImg8bit" / split).glob(f"*/*{IMAGE_END}"))
    if not images:
        given = folder / "leftImg8bit" / split
        raise BadInput("Cityscapes folder", given, f"must hold <city>/<frame>{IMAGE_END}")
    return CityscapesSplit(tuple((path, label_of(path, folder, split)) for path in images))


def label_of(image: Path, folder: Path, split: str) -> Path:
    """The label image of an image.  Raises BadInput when it is not there."""
    name = image.name.removesuffix(IMAGE_END) + LABEL_END
    path = folder / "gtFine" / split / image.parent.name / name
    if not path.is_file():
        raise BadInput("label image", path, f"is not there; {image.name} needs it")
    return path
