"""What all nodes share, on a real safety node that talks to nobody."""

import os

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from road_clarity.models.errors import BadInput
from road_clarity.nodes.health import Severity
from road_clarity.nodes.safety import SafetyNode

pytestmark = pytest.mark.ros


@pytest.fixture
def node(monkeypatch, request):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    given = getattr(request, "param", ())
    rclpy.init(args=["--ros-args", *given], domain_id=40 + os.getpid() % 60)
    safety = SafetyNode()
    yield safety
    safety.destroy_node()
    rclpy.try_shutdown()


def parameters(*words):
    return [word for one in words for word in ("-p", one)]


def refusal(node, name, value):
    """Why the node does not take the value; None when it does."""
    (answer,) = node.set_parameters([Parameter(name, value=value)])
    return None if answer.successful else answer.reason


def test_a_node_starts_by_itself(node):
    node.start()
    assert node.is_active


@pytest.mark.parametrize("node", [parameters("autostart:=false")], indirect=True)
def test_a_node_waits_for_a_lifecycle_manager_when_it_is_told_to(node):
    node.start()
    assert (node.is_active, node.condition().severity) == (False, Severity.WARN)


def test_a_setting_can_be_changed_before_the_node_is_configured(node):
    assert refusal(node, "safety.high", 0.7) is None


def test_a_setting_out_of_range_is_refused(node):
    assert "range" in refusal(node, "safety.high", 1.5)


def test_a_change_that_would_do_nothing_is_refused_with_the_reason(node):
    node.start()
    assert "read at configure" in refusal(node, "safety.high", 0.7)


def test_after_a_cleanup_settings_can_be_changed_again(node):
    node.start()
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert refusal(node, "safety.high", 0.7) is None
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


@pytest.mark.claim("failure")
@pytest.mark.fault("somebody asks for a lifecycle transition that does not exist")
def test_who_asks_for_a_transition_that_does_not_exist_is_refused(node):
    node.start()
    request = ChangeState.Request()
    request.transition.id = 99
    asker = rclpy.create_node("asker")
    client = asker.create_client(ChangeState, "/safety/change_state")
    executor = SingleThreadedExecutor()
    for one in (node, asker):
        executor.add_node(one)
    client.wait_for_service(5.0)
    answer = client.call_async(request)
    executor.spin_until_future_complete(answer, timeout_sec=10.0)
    assert (answer.result().success, node.is_active) == (False, True)
    asker.destroy_node()


def test_a_preset_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(args=["--ros-args", *parameters("preset:=nosuch")])
    with pytest.raises(BadInput, match="preset nosuch"):
        SafetyNode()
    rclpy.try_shutdown()


def test_an_active_node_with_an_unknown_risk_is_an_error(node):
    node.start()
    node.stop()  # its last word is "unknown"
    node.is_active = True
    assert node.condition().severity == Severity.ERROR
