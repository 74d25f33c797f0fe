"""A road with its lane lines labelled as SCNN learns them, and sets of such roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from road_clarity.training.labelled import Label
from road_clarity.training.picture import Image

LANES = 4  # classes 1..4, from left to right; 2 and 3 bound the car's own lane


@dataclass(frozen=True, eq=False)
class LabelledRoad:
    """Image and classes have the same size."""

    image: Image
    classes: Label  # (H, W) 0 background, 1..4 lanes, 255 left out
    existence: NDArray[np.float32]  # (4,) 0 or 1


class Roads(Protocol):
    """Read when they are asked for.  Raises BadInput then, too."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> LabelledRoad: ...
