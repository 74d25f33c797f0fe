"""Pictures and films, read from disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

Image = NDArray[np.uint8]  # (H, W, 3) RGB


def read_rgb(path: Path) -> Image:
    """Raises BadInput when it is no picture."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if image is None:
        raise BadInput("image", path, "it cannot be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def find_one(folder: Path, pattern: str) -> Path:
    """The first file of that pattern.  Raises BadInput where there is none."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise BadInput("data folder", folder, f"must hold {pattern}")
    return found[0]


def read_film(path: Path) -> Iterator[Image]:
    """All frames.  Raises BadInput when it is no film."""
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise BadInput("film", path, "it cannot be read")
    while (read := capture.read())[0]:
        yield np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8)
