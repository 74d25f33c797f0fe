"""The explainer node, with a tiny world model in place of the real one."""

import os
import threading
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")
pytest.importorskip("road_clarity_msgs.msg", reason="run msgs/build.sh")

import rclpy
from made_world import made_pair
from road_clarity_msgs import msg
from test_live_explanation import PLACE, risk, seen, street

from road_clarity.nodes.conversions import LEVELS, header_at, reason_to_message
from road_clarity.nodes.explainer import ExplainerNode
from road_clarity.nodes.health import Severity
from road_clarity.nodes.perception import make_nodes
from road_clarity.nodes.stage_node import Sight
from road_clarity.safety.ladder import Rung

pytestmark = pytest.mark.ros


class Setup:
    def __init__(self):
        self.pair, self.told = made_pair(), []
        self.node = ExplainerNode()
        self.node._pair = SimpleNamespace(of=lambda networks: self.pair)
        self.node._out.publish = self.told.append
        self.node.start()

    def drive(self, index, level="high"):
        """A frame, and its risk a little later."""
        frame = street(index)
        self.node.hear_world(Sight(frame, 0), seen(made_pair(), frame))
        judged = risk(frame, PLACE)
        self.node._on_risk(
            msg.Risk(
                header=header_at(frame.stamp_ns, frame.frame_id),
                level=LEVELS[level],
                reasons=[reason_to_message(one) for one in judged.reasons],
            )
        )

    def wait(self, condition):
        until = time.monotonic() + 5.0
        while not condition() and time.monotonic() < until:
            time.sleep(0.005)
        assert condition()


@pytest.fixture
def setup(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init(domain_id=40 + os.getpid() % 60)
    one = Setup()
    yield one
    one.node.stop()
    one.node.destroy_node()
    rclpy.try_shutdown()


def test_a_flagged_image_is_explained_with_its_stamp_and_its_reasons(setup):
    setup.drive(0)
    setup.drive(1, level="nominal")
    setup.wait(lambda: setup.told)
    (told,) = setup.told
    assert (told.header.stamp.sec, told.header.stamp.nanosec) == (0, 0)
    assert (told.header.frame_id, told.method) == ("camera", "causing_layer")
    assert [one.code for one in told.reasons] == ["corridor.person"]
    assert (told.heat.width, told.heat.encoding) == (16, "32FC1")
    (finding,) = told.findings  # too soon after the start for a prediction
    assert (finding.about, finding.region.tolist()) == ("reconstruction", list(PLACE))
    assert len(finding.maps) == len(finding.map_shares)


def test_the_diagnostics_count_what_was_explained_and_what_was_not(setup):
    setup.drive(0)
    setup.wait(lambda: setup.node.explained == 1)
    setup.drive(1)  # too soon after the other
    values = setup.node.condition().values
    assert (values["explained images"], values["skipped images"]) == ("1", "1")
    assert "p99 [ms]" in values


def test_what_is_not_wanted_is_not_explained(setup):
    setup.node.is_wanted = False
    setup.drive(0)
    setup.node.is_wanted = True
    setup.drive(1)
    setup.wait(lambda: setup.node.explained == 1)
    assert setup.told[0].header.stamp.nanosec == 100_000_000
    assert setup.node.values()["skipped images"] == "1"


@pytest.mark.parametrize(
    ("rung", "wanted"), [(Rung.FULL, True), (Rung.NO_EXPLANATION, False), (Rung.UNKNOWN, False)]
)
def test_below_the_highest_rung_of_the_ladder_nothing_is_explained(setup, rung, wanted):
    setup.node.see_rung(rung)
    assert setup.node.is_wanted == wanted


def test_a_node_that_is_not_active_explains_nothing(setup):
    setup.node.trigger_deactivate()
    setup.drive(0)
    assert (setup.node.flagged, setup.node.explained) == (0, 0)


def test_without_a_world_model_a_flagged_image_is_skipped(setup):
    setup.pair = None
    setup.drive(0)
    setup.wait(lambda: setup.node.values()["skipped images"] == "1")
    assert setup.told == []


@pytest.mark.claim("aside")
def test_what_is_seen_and_judged_never_waits_for_an_explanation(setup):
    may_go_on, at_work = threading.Event(), threading.Event()

    def hang(networks):
        at_work.set()
        may_go_on.wait(20.0)
        return setup.pair

    setup.node._pair = SimpleNamespace(of=hang)
    setup.drive(0)
    assert at_work.wait(5.0)
    for index in range(1, 40):
        setup.drive(index)  # would not come back before the explanation does
    assert setup.node.explained == 0
    may_go_on.set()
    setup.wait(lambda: setup.node.explained >= 1)


@pytest.mark.claim("failure")
def test_an_explanation_that_fails_is_an_error_and_the_next_one_is_made(setup):
    healthy, setup.pair = setup.pair, SimpleNamespace(autoencoder=SimpleNamespace(side=0))
    setup.drive(0)
    setup.wait(lambda: setup.node.condition().severity == Severity.ERROR)
    assert setup.node.condition().text.startswith("no explanation: ")
    setup.pair = healthy
    time.sleep(0.5)  # two a second
    setup.drive(1)
    setup.wait(lambda: setup.node.explained == 1)


def test_that_nothing_is_flagged_is_no_fault(setup):
    found = setup.node.condition()
    assert (found.severity, found.text) == (Severity.OK, "nothing to explain")


def test_in_its_process_it_hears_the_world_model_and_the_ladder(setup):
    nodes = {one.get_name(): one for one in make_nodes()}
    explained, perception = nodes["explainer"], nodes["perception"]
    assert explained.hear_world in nodes["world_model"].listeners
    assert explained.see_rung in perception.conductor.hearers
    assert explained.networks() == ()  # the world model was not configured
    for node in nodes.values():
        node.destroy_node()
