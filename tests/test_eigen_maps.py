"""Maps of what stands out to the networks lie where they belong in the frame."""

from __future__ import annotations

import numpy as np
import pytest
from made_drive import street

from road_clarity.pipeline import weights
from road_clarity.pipeline.eigen_maps import EigenMaps, placed
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.presets import preset

NEEDED = {"scnn_edge", "ffnet_edge", "lorat_edge", "fastest_det_edge"}


def test_a_map_of_a_part_lies_at_its_place():
    middle = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
    # nine places of 4 x 2 px each, whose middle one covers columns 8..11 and rows 12..13
    drawn = placed(middle, (4.0, 10.0, 16.0, 16.0), (32, 24))
    assert drawn.shape == (24, 32)
    rows, columns = np.nonzero(drawn >= 0.4)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (8, 11, 12, 13)
    assert drawn[:, 16:].max() == 0.0


@pytest.mark.skipif(not set(weights.names()) >= NEEDED, reason="the networks are not published")
def test_the_networks_of_a_drive_are_shown_one_after_the_other():
    frame = Frame(0, 0, street())
    maps = EigenMaps(preset("edge"))
    shown = list(maps.of(frame, [("person 7", (20.0, 10.0, 40.0, 40.0))]))
    assert [(one.of, one.layer) for one in shown] == [
        ("lanes", "message_passing"),
        ("segmentation", "head.layers.2"),
        ("tracker of person 7", "norm"),
    ]
    for one in shown:
        assert one.strength.shape == frame.image.shape[:2]
        assert 0.0 <= one.strength.min() <= one.strength.max() <= 1.0
    assert set(maps.cards) == NEEDED
