"""The safety node alone: what it says when images, parts and faults come, or do not."""

import os
import socket
import time
from urllib.request import urlopen

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from made_calibration import made_calibration
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from road_clarity_msgs import msg

from road_clarity.nodes import conversions as convert
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.safety import SafetyNode
from road_clarity.pipeline.calibration_file import write_calibration
from road_clarity.pipeline.presets import preset, weight_names
from road_clarity.pipeline.weights import read_card
from road_clarity.safety.ladder import Rung
from road_clarity.safety.scene import Lanes, Tracks, World

pytestmark = pytest.mark.ros

PARTS = ("lanes", "segmentation", "tracks", "world")
FRAME_S = 0.1


class Drive:
    """Sends what perception would send, and hears the risk."""

    def __init__(self):
        self.safety = SafetyNode()
        self.node = rclpy.create_node("drive")
        self.risks, self.explanations = [], []
        self.node.create_subscription(msg.Risk, "/safety/out/risk", self.risks.append, 10)
        self.node.create_subscription(
            msg.Explanation, "/safety/out/explanation", self.explanations.append, 10
        )
        self.executor = SingleThreadedExecutor()
        for node in (self.safety, self.node):
            self.executor.add_node(node)

    def wait(self, condition, limit_s=3.0):
        until = time.monotonic() + limit_s
        while not condition() and time.monotonic() < until:
            self.executor.spin_once(timeout_sec=0.02)
        assert condition()

    def see(self, names=PARTS, error_p=0.9, fault=None, ahead_s=0.0):
        """One image and its parts, as they come out of the other process."""
        stamp_ns = self.node.get_clock().now().nanoseconds + round(ahead_s * 1e9)
        header = convert.header_at(stamp_ns, "front_optical")
        self.safety._on_frame(msg.CameraFrame(header=header, width=128, height=72))
        send = {
            "lanes": lambda: self.safety._on_lanes(
                convert.lanes_to_message(Lanes(stamp_ns, ()), header)
            ),
            "segmentation": lambda: self.safety._on_segmentation(
                to_image(np.full((9, 16), 3, np.uint8), "mono8", header)
            ),
            "tracks": lambda: self.safety._on_tracks(
                convert.tracks_to_message(Tracks(stamp_ns, ()), header)
            ),
            "world": lambda: self.safety._on_world(
                convert.world_to_message(calm_world(stamp_ns, error_p), header)
            ),
        }
        for name in names:
            send[name]()
        if fault:
            told = msg.Fault(code=fault, text="it failed")
            self.safety._on_fault(msg.StageFault(header=header, fault=told))
        return header

    def drive(self, seconds, **seen):
        """Images at ten per second; the last risk."""
        for _ in range(round(seconds / FRAME_S)):
            header = self.see(**seen)
            self.wait(lambda: self.risks and self.risks[-1].header.stamp == header.stamp)  # noqa: B023
            until = time.monotonic() + FRAME_S
            while time.monotonic() < until:
                self.executor.spin_once(timeout_sec=0.01)
        return self.risks[-1]


def calm_world(stamp_ns, error_p):
    return World(
        stamp_ns=stamp_ns,
        error=0.01,
        error_p=error_p,
        error_map=np.zeros((4, 4), np.float32),
        surprise=0.1,
        surprise_p=0.9,
        horizon_s=1.0,
        p_value=0.9,
        calibration_id="calm",
        reconstruction=np.zeros((4, 4, 3), np.uint8),
        prediction=None,
    )


@pytest.fixture
def drive(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    one = Drive()
    yield one
    one.safety.destroy_node()
    one.node.destroy_node()
    rclpy.try_shutdown()


def codes(risk):
    return {reason.code for reason in risk.reasons}


@pytest.mark.claim("silence")
def test_a_node_that_is_not_active_says_unknown(drive):
    drive.wait(lambda: drive.risks)
    assert drive.risks[0].level == msg.Risk.UNKNOWN
    assert "safety.inactive" in codes(drive.risks[0])


@pytest.mark.claim("silence")
def test_a_camera_that_never_starts_is_unknown(drive):
    drive.safety.start()
    drive.wait(lambda: drive.risks)
    assert "input.missing" in codes(drive.risks[0])


@pytest.mark.claim("missing")
def test_an_image_that_waits_is_judged_before_anybody_says_that_none_came(drive):
    drive.safety.set_parameters([Parameter("patience", value=1.0)])
    drive.safety.start()
    drive.wait(lambda: drive.risks)
    header = drive.see(names=("lanes", "segmentation", "tracks"))
    drive.wait(lambda: drive.risks[-1].header.stamp == header.stamp)
    assert codes(drive.risks[-1]) == {"world.missing"}


def test_a_calm_drive_becomes_nominal(drive):
    drive.safety.start()
    risk = drive.drive(0.9)
    assert (risk.level, risk.header.frame_id) == (msg.Risk.NOMINAL, "front_optical")
    assert 0.0 <= risk.lanes_age_s < 0.5


@pytest.mark.claim("missing")
def test_a_part_that_never_comes_makes_the_risk_unknown(drive):
    drive.safety.start()
    risk = drive.drive(0.2, names=("lanes", "segmentation", "world"))
    assert (risk.level, "tracks.missing" in codes(risk)) == (msg.Risk.UNKNOWN, True)


@pytest.mark.claim("failure")
def test_a_network_that_failed_is_named_at_once(drive):
    drive.safety.start()
    risk = drive.drive(0.1, names=("lanes", "segmentation", "world"), fault="tracks.failed")
    assert (risk.level, "tracks.failed" in codes(risk)) == (msg.Risk.UNKNOWN, True)


def test_a_strange_scene_is_explained_with_a_map(drive):
    drive.safety.start()
    risk = drive.drive(1.0, error_p=1e-6)
    assert risk.level in (msg.Risk.ELEVATED, msg.Risk.HIGH)
    explanation = drive.explanations[-1]
    assert (explanation.heat.width, explanation.method) == (4, "reconstruction_error")
    assert explanation.header == risk.header


@pytest.mark.claim("late")
def test_a_camera_whose_clock_is_ahead_cannot_be_trusted(drive):
    drive.safety.start()
    risk = drive.drive(0.1, ahead_s=5.0)
    assert (risk.level, "input.clock" in codes(risk)) == (msg.Risk.UNKNOWN, True)


def test_without_a_calibration_the_diagnostics_promise_nothing(drive):
    drive.safety.start()
    drive.drive(0.1)
    values = drive.safety.condition().values
    assert (values["promise state"], values["promise calibration_id"]) == ("none", "")


def test_the_diagnostics_tell_what_a_flag_is_worth(drive, tmp_path):
    weights = {name: read_card(name).sha256 for name in weight_names(preset("edge"))}
    calibration = made_calibration(models=weights)
    write_calibration(tmp_path / "one.json", calibration)
    name = "safety.calibration"
    drive.safety.set_parameters([Parameter(name, value=str(tmp_path / "one.json"))])
    drive.safety.start()
    risk = drive.drive(1.0, error_p=1e-6)
    assert risk.level in (msg.Risk.ELEVATED, msg.Risk.HIGH)  # 0.4 points, flagged from 0.380001 on
    values = drive.safety.condition().values
    assert (values["promise state"], values["promise alpha"]) == ("holds", "0.05")
    assert (values["promise p_value"], values["promise calibration_id"]) == (
        "0.0500", calibration.id,
    )  # fmt: skip


def fetched(port: int) -> dict[str, float]:
    """What Prometheus would read there."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5.0) as answer:
        lines = answer.read().decode().splitlines()
    told = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in told}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_prometheus_fetches_level_rung_and_ages(drive):
    port = free_port()
    drive.safety.set_parameters([Parameter("metrics_port", value=port)])
    drive.safety.start()
    drive.drive(1.0, error_p=1e-6)
    told = fetched(port)
    assert told["road_clarity_risk_score"] == pytest.approx(0.4)
    assert told['road_clarity_risk_level{road_clarity_risk_level="elevated"}'] == 1.0
    assert told['road_clarity_rung{road_clarity_rung="full"}'] == 1.0
    assert told['road_clarity_risks_total{level="elevated"}'] >= 1.0
    assert told["road_clarity_risk_age_seconds_count"] >= 10.0


def test_a_port_that_is_taken_keeps_the_node_from_starting(drive):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        drive.safety.set_parameters([Parameter("metrics_port", value=port)])
        with pytest.raises(ValueError, match=f"metrics port {port}: .*set another metrics_port"):
            drive.safety.start()


def test_the_port_is_free_again_once_the_node_is_cleaned_up(drive):
    port = free_port()
    drive.safety.set_parameters([Parameter("metrics_port", value=port)])
    drive.safety.start()
    drive.safety.release()
    with pytest.raises(OSError):
        fetched(port)


@pytest.mark.parametrize(("number", "rung"), [(4, Rung.FULL), (0, Rung.UNKNOWN), (9, Rung.UNKNOWN)])
def test_a_rung_that_nobody_knows_is_unknown(number, rung):
    assert convert.rung_of(number) is rung


def test_a_calibration_that_cannot_be_read_keeps_the_node_from_starting(drive, tmp_path):
    name = "safety.calibration"
    drive.safety.set_parameters([Parameter(name, value=str(tmp_path / "none.json"))])
    with pytest.raises(ValueError, match="calibration file .* does not exist"):
        drive.safety.start()
