"""The monitor of unknown scenes: who speaks, how loud, and where."""

import math

import numpy as np

from road_clarity.models.scene_novelty import SCORERS
from road_clarity.pipeline.frame_row import anomaly_row
from road_clarity.pipeline.unknown import UnknownConfig, UnknownStage
from road_clarity.pipeline.weights import read_card
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import Scene, Segmentation, Unknown
from road_clarity.safety.unknown_scene import SAYS, above_usual, unknown_scene


def scene(p_value, loud="features", energy=None, score=1.0):
    scorers = {name: 0.5 for name in SCORERS} | {loud: 0.001}
    classes = Segmentation(0, np.zeros((4, 4), np.uint8), (320, 160), energy=energy)
    unknown = Unknown(0, score, p_value, scorers, "0123456789ab")
    return Scene(0, 0, (320, 160), None, classes, None, None, (), unknown)


def test_every_scorer_has_words():
    assert tuple(SAYS) == SCORERS


def test_a_scene_as_strange_as_any_other_calm_one_costs_nothing():
    (cause,) = unknown_scene(scene(0.5), SafetyConfig())
    assert cause.points == 0.0


def test_an_absurd_scene_costs_its_full_weight_and_names_the_loudest():
    (cause,) = unknown_scene(scene(0.001, loud="statistics"), SafetyConfig(unknown_weight=0.3))
    assert (cause.code, cause.points) == ("anomaly.unknown_scene", 0.3)
    assert "loudest is statistics" in cause.text
    assert cause.region is None


def test_doubt_of_the_segmentation_points_to_its_place():
    energy = np.full((16, 32), -10.0, np.float32)
    energy[8:12, 4:8] = 0.0
    (cause,) = unknown_scene(scene(0.001, loud="energy", energy=energy), SafetyConfig())
    x0, y0, x1, y1 = cause.region
    assert x0 <= 40 and x1 >= 80 and y0 <= 80 and y1 >= 120  # [px] of 320 x 160
    assert x1 - x0 < 80 and y1 - y0 < 80


def test_what_is_usual_for_the_frame_has_no_weight():
    assert above_usual(np.full((2, 2), -7.0, np.float32)).tolist() == [[0, 0], [0, 0]]


def test_where_nobody_looks_nothing_is_said():
    bare = Scene(0, 0, (320, 160), None, None, None, None, ())
    assert unknown_scene(bare, SafetyConfig()) == []


def test_the_row_speaks_of_all_scorers_and_infinity_is_null():
    row = anomaly_row(scene(0.001, score=math.inf))
    assert row == {"score": None, "p_value": 0.001, "calibration_id": "0123456789ab"}


def test_scorers_know_the_very_weights_they_learnt_from():
    stage = UnknownStage(UnknownConfig())
    cards = [read_card(name) for name in ("scnn_edge", "ffnet_edge", "vae_edge", "lorat_edge")]
    assert stage.knows(cards)
    assert not stage.knows([cards[0], cards[1].with_sha256("ab" * 32), *cards[2:]])
