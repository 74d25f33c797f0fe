"""The picture for people."""

import numpy as np
import pytest
from made_drive import made_risk, made_scene

from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.overlay import (
    LANE_COLOURS,
    LEVEL_COLOURS,
    draw_overlay,
    heat_picture,
    shortened,
    text_width,
)
from road_clarity.safety.scene import Scene


def grey(width, height):
    return np.full((height, width, 3), 100, np.uint8)


def overlay(width, height, level="high"):
    scene = made_scene(0, 0, (width, height))
    return draw_overlay(Frame(0, 0, grey(width, height)), scene, made_risk(0, level))


@pytest.mark.parametrize(("size", "drawn"), [
    ((320, 240), (640, 480)), ((640, 480), (640, 480)), ((1280, 720), (1280, 720)),
])  # fmt: skip
def test_small_images_are_enlarged_so_that_text_can_be_read(size, drawn):
    assert overlay(*size).shape == (drawn[1], drawn[0], 3)


@pytest.mark.parametrize("level", ["nominal", "elevated", "high", "unknown"])
def test_the_banner_has_the_colour_of_the_level(level):
    assert overlay(640, 480, level)[3, 3].tolist() == list(LEVEL_COLOURS[level])


def test_a_lane_lies_where_it_was_found():
    picture = overlay(640, 480)
    assert picture[360, 160].tolist() == list(LANE_COLOURS[3])  # drawn over lane 2, same points


def test_the_frame_itself_is_left_alone():
    image = grey(640, 480)
    draw_overlay(Frame(0, 0, image), made_scene(0, 0, (640, 480)), made_risk(0, "high"))
    assert (image == 100).all()


def test_a_scene_of_which_nothing_is_known_can_be_drawn():
    nothing = Scene(0, 0, (640, 480), None, None, None, None, ())
    picture = draw_overlay(Frame(0, 0, grey(640, 480)), nothing, made_risk(0, "nominal"))
    assert (picture[100:] == 100).all()


def test_the_same_scene_is_drawn_the_same_twice():
    assert (overlay(640, 480) == overlay(640, 480)).all()


def test_heat_glows_where_the_error_is_and_nowhere_else():
    error = np.zeros((8, 8), np.float32)
    error[6:, 6:] = 0.1
    picture = heat_picture(grey(640, 480), error)
    assert picture[470, 630].max() > 200
    assert (picture[10, 10] == 35).all()


def test_a_long_reason_is_cut_to_the_width():
    text = shortened("a person walks into the way within 0.8 s " * 5, 19, 300)
    assert text.endswith("…")
    assert text_width(text, 19, 450) <= 300
