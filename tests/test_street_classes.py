"""A segmentation on simulated streets: every pixel of the picture counts, four moments a story."""

from types import SimpleNamespace

import numpy as np
import pytest

from road_clarity.evaluation.segmentation import evaluate_streets
from road_clarity.evaluation.street_classes import street_confusion, street_frames
from road_clarity.models.errors import BadInput

ROAD, CAR = 3, 8


class AllRoad:
    """Says road everywhere, on a grid coarser than the picture."""

    def run(self, frame):
        return SimpleNamespace(classes=np.full((2, 3), ROAD, np.uint8))


def test_what_is_said_is_compared_with_every_pixel_that_is_known():
    truth = np.full((4, 6), ROAD, np.uint8)
    truth[:2] = CAR
    truth[3, 5] = 255
    shot = SimpleNamespace(
        image=np.zeros((4, 6, 3), np.uint8), stamp_ns=0, truth=SimpleNamespace(classes=truth)
    )
    found = street_confusion(AllRoad(), shot)
    assert (found[ROAD, ROAD], found[CAR, ROAD], found.sum()) == (11, 12, 23)


def test_every_story_is_seen_at_four_moments_two_seconds_apart(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "road_clarity.evaluation.street_classes.simulate",
        lambda seed, story, size, fps, seconds: asked.append((seed, story, fps * seconds)) or [],
    )
    assert list(street_frames("9000:9002")) == []
    assert len(asked) == 20
    assert asked[0] == (9000, "calm_drive", 4.0)


def test_streets_without_seeds_are_refused():
    with pytest.raises(BadInput, match="such as 9000:9004"):
        evaluate_streets("ffnet_edge", None)
