"""The doctor: every problem comes with its remedy."""

import numpy as np
import pytest

from road_clarity.nodes import doctor


def test_a_shared_network_is_a_notice_with_the_setting_that_closes_it(monkeypatch):
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    (finding,) = doctor.check_discovery()
    assert finding.state == "notice"
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST" in finding.remedy


def test_a_transport_profile_that_is_not_there_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(tmp_path / "gone.xml"))
    (finding,) = doctor.check_transport()
    assert (finding.state, "unset" in finding.remedy) == ("problem", True)


def test_missing_ros_is_a_problem_with_both_ways_to_get_it(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    findings = doctor.check_ros() + doctor.check_messages()
    assert [finding.state for finding in findings] == ["problem", "problem"]
    assert "make setup" in findings[0].remedy and "/opt/ros/jazzy" in findings[0].remedy


def test_every_problem_has_a_remedy(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert all(one.remedy for one in doctor.examine() if one.state != "fine")


def test_a_camera_topic_that_nobody_uses_is_answered_with_those_that_carry_images():
    camera = pytest.importorskip("road_clarity.nodes.doctor_camera", reason="ROS 2 is not there")
    (finding,) = camera.judge(camera.Look(other_topics=["/rgb/image"]), "/camera/image_raw")
    assert (finding.state, finding.remedy) == ("problem", "--image-topic with one of /rgb/image")


def image(stamp_s):
    pictures = pytest.importorskip("road_clarity.nodes.pictures", reason="ROS 2 is not there")
    from road_clarity.nodes.conversions import header_at

    return pictures.to_image(
        np.zeros((4, 6, 3), np.uint8), "rgb8", header_at(int(stamp_s * 1e9), "camera")
    )


def states(now_s, info=None):
    from road_clarity.nodes.doctor_camera import Look, judge

    seen = Look({"sensor_msgs/msg/Image"}, [], image(stamp_s=100.0), info, int(now_s * 1e9))
    return {finding.subject: finding.state for finding in judge(seen, "/camera/image_raw")}


def test_a_camera_with_a_clock_of_its_own_is_a_problem():
    assert states(now_s=100.05)["camera clock"] == "fine"
    assert states(now_s=5000.0)["camera clock"] == "problem"


def test_a_calibration_for_another_size_is_a_problem():
    from sensor_msgs.msg import CameraInfo

    assert states(100.0, CameraInfo(width=1280, height=720))["camera_info"] == "problem"
    assert states(100.0, CameraInfo(width=6, height=4))["camera_info"] == "notice"
