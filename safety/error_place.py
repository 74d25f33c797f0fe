"""Where in the frame the error is largest: what an explanation points to.

S side of the image [px].
"""

from __future__ import annotations

from torch import Tensor


def worst_point(error: Tensor) -> tuple[int, int]:
    """Column and row of the pixel with the largest error: (S, S) -> (x, y) [px]

    Not smoothed, as an object may be a single pixel.
    """
    row, column = divmod(int(error.argmax()), error.shape[1])
    return column, row
