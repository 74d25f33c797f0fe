"""A scene that went over the wire is the same scene."""

import math

import numpy as np
import pytest

pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

from road_clarity.nodes import conversions as convert
from road_clarity.nodes.markers import lanes_marker, tracks_marker
from road_clarity.nodes.pictures import from_image, to_image, to_jpeg
from road_clarity.safety.ladder import Rung
from road_clarity.safety.scene import (
    Fault,
    Lane,
    Lanes,
    Promise,
    Reason,
    Risk,
    Scene,
    Segmentation,
    Track,
    Tracks,
    World,
)

STAMP_NS = 1_700_000_000_123_456_789
HEADER = convert.header_at(STAMP_NS, "front_camera")

LANES = Lanes(STAMP_NS, (Lane(2, ((300.5, 719.0), (1 / 3, 500.0)), 0.75), Lane(3, (), 0.5)))
TRACKS = Tracks(STAMP_NS, (Track(7, "person", (10.25, 20.0, 30.0, 1 / 7), 0.9, 12),))
RISK = Risk(
    STAMP_NS,
    0.6,
    "high",
    (
        Reason("corridor.conflict", 0.5, (1.0, 2.0, 3.0, 4.5), "a person is in the way"),
        Reason("anomaly", 0.1, None, "the scene is strange"),
    ),
    points=1.3,
    promise=Promise("holds", "at most 5 % of nominal clips", 0.04, 0.05, "c0ffee", 0.55),
)


def world(prediction=None):
    return World(
        stamp_ns=STAMP_NS,
        error=0.125,
        error_p=0.3,
        error_map=np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
        surprise=1.5,
        surprise_p=0.4,
        horizon_s=1.0,
        p_value=0.2,
        calibration_id="calm-1",
        reconstruction=np.arange(18, dtype=np.uint8).reshape(2, 3, 3),
        prediction=prediction,
    )


def test_the_stamp_keeps_its_nanoseconds():
    assert (HEADER.stamp.sec, HEADER.stamp.nanosec) == (1_700_000_000, 123_456_789)
    assert convert.stamp_of(HEADER) == STAMP_NS


def test_lanes_come_back_as_they_were():
    assert convert.lanes_from_message(convert.lanes_to_message(LANES, HEADER)) == LANES


def test_no_lanes_are_still_lanes():
    nothing = Lanes(STAMP_NS, ())
    assert convert.lanes_from_message(convert.lanes_to_message(nothing, HEADER)) == nothing


def test_tracks_come_back_as_they_were():
    assert convert.tracks_from_message(convert.tracks_to_message(TRACKS, HEADER)) == TRACKS


def test_a_risk_comes_back_with_its_reasons():
    scene = Scene(0, STAMP_NS, (1280, 720), LANES, None, TRACKS, None, ())
    message = convert.risk_to_message(RISK, scene, STAMP_NS, HEADER, Rung.FULL)
    assert convert.risk_from_message(message) == RISK


@pytest.mark.parametrize("level", ["unknown", "nominal", "elevated", "high"])
def test_every_level_has_a_number(level):
    assert convert.LEVEL_NAMES[convert.LEVELS[level]] == level


def test_a_risk_tells_how_old_its_parts_were():
    late = Scene(0, STAMP_NS, (1280, 720), LANES, None, None, None, ())
    message = convert.risk_to_message(RISK, late, STAMP_NS + 250_000_000, HEADER, Rung.FULL)
    assert message.lanes_age_s == 0.25
    assert math.isnan(message.tracks_age_s)


def test_a_segmentation_comes_back_as_it_was():
    classes = np.arange(12, dtype=np.uint8).reshape(3, 4)
    message = convert.segmentation_to_message(Segmentation(STAMP_NS, classes, (8, 6)), HEADER)
    back = convert.segmentation_from_message(message, (8, 6))
    assert (back.stamp_ns, back.size, back.classes.tolist()) == (
        STAMP_NS, (8, 6), classes.tolist(),
    )  # fmt: skip


def test_a_world_comes_back_as_it_was():
    sent = world(prediction=np.full((2, 3, 3), 200, np.uint8))
    back = convert.world_from_message(convert.world_to_message(sent, HEADER))
    for name in ("stamp_ns", "error", "error_p", "surprise", "surprise_p", "p_value", "horizon_s"):
        assert getattr(back, name) == getattr(sent, name)
    for name in ("error_map", "reconstruction", "prediction"):
        np.testing.assert_array_equal(getattr(back, name), getattr(sent, name))


def test_a_world_without_a_prediction_has_none_on_the_other_side():
    message = convert.world_to_message(world(), HEADER)
    assert convert.world_from_message(message).prediction is None


def test_faults_come_back_as_they_were():
    fault = Fault("input.blank", "the image is blank")
    (message,) = convert.faults_to_messages((fault,))
    assert convert.fault_from_message(message) == fault


def test_a_colour_picture_comes_back_pixel_by_pixel():
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    message = to_image(picture, "rgb8", HEADER)
    assert (message.width, message.height, message.step) == (4, 2, 12)
    np.testing.assert_array_equal(from_image(message), picture)


def test_a_part_of_a_picture_is_sent_without_its_surroundings():
    picture = np.arange(24, dtype=np.uint8).reshape(4, 6)[1:3, 2:4]
    assert from_image(to_image(picture, "mono8", HEADER)).tolist() == [[8, 9], [14, 15]]


def test_a_jpeg_begins_like_one():
    message = to_jpeg(np.zeros((8, 8, 3), np.uint8), 90, HEADER)
    assert (message.format, bytes(message.data[:2])) == ("jpeg", b"\xff\xd8")


def test_a_box_is_drawn_with_four_edges():
    assert len(tracks_marker(TRACKS, HEADER).points) == 8


def test_the_own_lane_has_a_colour_of_its_own():
    both = Lanes(STAMP_NS, tuple(Lane(i, ((0.0, 1.0), (2.0, 3.0)), 1.0) for i in (1, 2)))
    outer, own = lanes_marker(both, HEADER).outline_colors[::2]
    assert outer != own
