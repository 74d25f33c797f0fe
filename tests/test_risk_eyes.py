"""The watch before the truth: what it says when nothing is misseen."""

from types import SimpleNamespace

import numpy as np
import pytest

from road_clarity.evaluation.risk_eyes import TrueEyes
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import CLASSES, Lane

ROAD = np.full((360, 640), CLASSES.index("Road"), np.uint8)
LINES = tuple(
    Lane(
        number, tuple((320 + side * 1.25 * (y - 165), float(y)) for y in range(360, 170, -10)), 1.0
    )
    for number, side in ((2, -1), (3, 1))
)  # 3.5 m apart, meeting in row 165


def person(index: int, ahead: float, aside: float) -> SimpleNamespace:
    """A frame of somebody 1.7 m high at a place [m] in front of a camera 1.4 m high."""
    px = 554.0 / ahead
    x, foot = 320 + aside * px, 165 + 1.4 * px
    box = (x - 0.25 * px, foot - 1.7 * px, x + 0.25 * px, foot)
    shown = SimpleNamespace(id=7, label="person", box=box)
    truth = SimpleNamespace(instances=(shown,), classes=ROAD, lanes=LINES)
    return SimpleNamespace(
        stamp_ns=index * 100_000_000, image=np.zeros((360, 640, 3), np.uint8), truth=truth
    )


def highest(eyes: TrueEyes, way) -> float:
    eyes.restart()
    risks = [eyes.risk(index, person(index, *place)) for index, place in enumerate(way)]
    return max(risk.score for risk in risks if risk.level != "unknown")


@pytest.mark.claim("conflict")
def test_a_person_who_walks_before_the_car_is_told_from_one_who_stays_aside():
    eyes = TrueEyes(SafetyConfig())
    walks = highest(eyes, [(30.0 - index, 4.0 - 0.15 * index) for index in range(20)])
    stays = highest(eyes, [(30.0 - index, 4.5) for index in range(20)])
    assert stays < 0.3 < 0.6 < walks


def test_a_drive_begins_without_memory_of_the_last():
    eyes = TrueEyes(SafetyConfig())
    way = [(30.0 - index, 0.0) for index in range(12)]
    assert highest(eyes, way) == highest(eyes, way)
