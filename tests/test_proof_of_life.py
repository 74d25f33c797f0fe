"""systemd hears of a published risk, and of nothing else."""

import os
import socket

import pytest

from road_clarity.nodes import proof_of_life
from road_clarity.nodes.proof_of_life import ProofOfLife


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """The socket that systemd would listen at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield end


def heard(systemd):
    try:
        return systemd.recv(100)
    except BlockingIOError:
        return None


def test_the_first_risk_makes_the_service_ready(systemd):
    ProofOfLife().give()
    assert heard(systemd) == b"READY=1\nWATCHDOG=1"


def test_many_risks_a_second_are_told_once(systemd, monkeypatch):
    one, now = ProofOfLife(), [100.0]
    monkeypatch.setattr(proof_of_life.time, "monotonic", lambda: now[0])
    told = []
    for now[0] in (100.0, 100.1, 100.9, 101.0, 101.1):
        one.give()
        told.append(heard(systemd) is not None)
    assert told == [True, False, False, True, False]


def test_without_systemd_nothing_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setattr(proof_of_life, "tell", pytest.fail)
    ProofOfLife().give()


def test_a_systemd_that_is_gone_does_not_hold_up_a_risk(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    ProofOfLife().give()


def test_an_abstract_socket_is_understood(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0road_clarity_{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@road_clarity_{os.getpid()}")
        ProofOfLife().give()
        assert end.recv(100).startswith(b"READY=1")


@pytest.mark.ros
def test_a_safety_node_feeds_it_with_every_risk_and_starves_it_otherwise(systemd, monkeypatch):
    pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")
    rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    from road_clarity.nodes.safety import SafetyNode

    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    node = SafetyNode()
    try:
        assert heard(systemd) is None  # that it runs is not enough
        node._told_s -= 1.0  # silent for so long that it must speak
        node._look()
        assert heard(systemd) == b"READY=1\nWATCHDOG=1"
        node._look()
        assert heard(systemd) is None
    finally:
        node.stop()
        node.destroy_node()
        rclpy.try_shutdown()
