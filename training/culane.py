"""CULane (Pan et al. 2018): images of 1640 x 590 with label images, listed with existence flags.

A line of list/train_gt.txt: /driver_.../00000.jpg /laneseg_label_w16/driver_.../00000.png 1 1 1 0
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from road_clarity.models.errors import BadInput
from road_clarity.training.labelled import meaning, read_pair
from road_clarity.training.labelled_road import LANES, LabelledRoad

MEANING = meaning(range(LANES + 1))


@dataclass(frozen=True)
class Entry:
    """One line of a list."""

    image: Path
    label: Path
    existence: tuple[int, ...]  # 4 times 0 or 1


@dataclass(frozen=True)
class CulaneRoads:
    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> LabelledRoad:
        """Raises BadInput."""
        one = self.entries[index]
        pair = read_pair(one.image, one.label, MEANING)
        return LabelledRoad(pair.image, pair.label, np.array(one.existence, np.float32))


def read_culane(root: Path, lists: tuple[str, ...]) -> CulaneRoads:
    """The roads in `lists`, such as list/train_gt.txt below root.  Raises BadInput."""
    return CulaneRoads(tuple(one for name in lists for one in read_list(root, root / name)))


def read_list(root: Path, path: Path) -> list[Entry]:
    if not path.is_file():
        raise BadInput("CULane list", path, "is not there; `data` must be the folder that has it")
    lines = path.read_text(errors="replace").splitlines()
    entries = [
        entry(root, line, f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not entries:
        raise BadInput("CULane list", path, "is empty")
    return entries


def entry(root: Path, line: str, where: str) -> Entry:
    """Of one line of a list; both of its files are there.  Raises BadInput."""
    parts = line.split()
    if len(parts) != 2 + LANES or not set(parts[2:]) <= {"0", "1"}:
        raise BadInput("line", where, "must hold an image, its label image and four flags 0 or 1")
    image, label = (root / part.lstrip("/") for part in parts[:2])
    for path in (image, label):
        if not path.is_file():
            raise BadInput("file", path, f"is not there; {where} names it")
    return Entry(image, label, tuple(int(flag) for flag in parts[2:]))
