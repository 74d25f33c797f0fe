"""What people stand on, in a picture of 32 x 24 pixels whose left half is road."""

import numpy as np
import pytest

from road_clarity.safety.footing import PAVEMENT, ROAD, stands_on
from road_clarity.safety.scene import CLASSES, Segmentation

CLASS_ROWS = np.full((24, 32), PAVEMENT, np.uint8)
CLASS_ROWS[:, :16] = ROAD
HALVES = Segmentation(0, CLASS_ROWS, (32, 24))
SKY = Segmentation(0, np.full((24, 32), CLASSES.index("Sky"), np.uint8), (32, 24))


@pytest.mark.parametrize(
    ("box", "expected"),
    [((4, 4, 8, 16), "road"), ((22, 4, 26, 16), "pavement"), ((14, 4, 18, 16), None)],
)
def test_the_ground_about_the_foot_tells(box, expected):
    assert stands_on(box, HALVES) == expected


def test_who_stands_on_neither_is_told_nothing_of():
    assert stands_on((4, 4, 8, 16), SKY) is None


def test_whose_foot_is_out_of_the_picture_is_told_nothing_of():
    assert stands_on((4, 4, 8, 40), HALVES) is None
