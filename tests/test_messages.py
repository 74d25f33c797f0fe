"""The messages, as the genuine rosidl tools built them."""

import math

import pytest

msg = pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")
serialization = pytest.importorskip("rclpy.serialization")


def test_a_risk_that_nobody_filled_in_is_unknown():
    assert msg.Risk().level == msg.Risk.UNKNOWN


def test_an_unknown_level_is_none_of_the_known_ones():
    levels = {msg.Risk.UNKNOWN, msg.Risk.NOMINAL, msg.Risk.ELEVATED, msg.Risk.HIGH}
    assert levels == {0, 1, 2, 3}


def test_a_risk_survives_the_wire():
    reason = msg.Reason(code="lane.departure", share=0.25, text="near the left line")
    sent = msg.Risk(score=0.25, level=msg.Risk.ELEVATED, reasons=[reason], lanes_age_s=0.04)
    received = serialization.deserialize_message(serialization.serialize_message(sent), msg.Risk)
    assert received == sent


def test_a_lane_keeps_its_points_to_the_last_digit():
    sent = msg.LaneArray(lanes=[msg.Lane(id=2, x=[1 / 3], y=[719.5], confidence=0.9)])
    raw = serialization.serialize_message(sent)
    assert serialization.deserialize_message(raw, msg.LaneArray).lanes[0].x[0] == 1 / 3


def test_a_missing_age_stays_nan_on_the_wire():
    raw = serialization.serialize_message(msg.Risk(tracks_age_s=math.nan))
    assert math.isnan(serialization.deserialize_message(raw, msg.Risk).tracks_age_s)
