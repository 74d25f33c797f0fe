"""ROS parameters, made from the settings dataclasses."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from road_clarity.models.errors import BadInput
from road_clarity.nodes.parameter_files import CONFIG, text_of
from road_clarity.nodes.parameters import declare, flat, read
from road_clarity.pipeline.presets import PRESETS
from road_clarity.safety.settings import Checked, setting


@dataclass(frozen=True, kw_only=True)
class Gate(Checked):
    frozen_s: float = setting(0.3, "how long an image may stand still [s]", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Camera(Checked):
    rate: float = setting(30.0, "images per second [1/s]", low=1.0, high=240.0)
    retries: int = setting(3, "attempts to open it", low=0, high=9)
    name: str = setting("front", "where it looks")
    gate: Gate = field(default_factory=Gate)


class Node:
    """What a node is to parameters.py: names, values and descriptors."""

    def __init__(self, **given):
        self.given, self.values, self.told = given, {}, {}

    def declare_parameter(self, name, default, descriptor):
        self.values[name] = self.given.get(name, default)
        self.told[name] = descriptor

    def get_parameter(self, name):
        return SimpleNamespace(value=self.values[name])


def test_every_setting_is_a_parameter_and_groups_have_a_dot():
    node = Node()
    declare(node, Camera())
    assert node.values == {"rate": 30.0, "retries": 3, "name": "front", "gate.frozen_s": 0.3}


def test_a_parameter_tells_its_meaning():
    node = Node()
    declare(node, Camera())
    assert node.told["name"].description == "where it looks"


def test_a_range_is_told_to_ros():
    node = Node()
    declare(node, Camera())
    (rate,) = node.told["rate"].floating_point_range
    (retries,) = node.told["retries"].integer_range
    assert (rate.from_value, rate.to_value) == (1.0, 240.0)
    assert (retries.from_value, retries.to_value) == (0, 9)


def test_what_was_given_comes_back_as_settings():
    node = Node(**{"rate": 10.0, "gate.frozen_s": 1.0})
    declare(node, Camera())
    assert read(node, Camera()) == Camera(rate=10.0, gate=Gate(frozen_s=1.0))


def test_nan_is_refused():
    node = Node(rate=float("nan"))
    declare(node, Camera())
    with pytest.raises(BadInput, match="rate"):
        read(node, Camera())


def test_the_settings_of_a_group_are_listed_with_their_meaning():
    assert ("gate.frozen_s", 0.3, "how long an image may stand still [s]") in list(flat(Camera()))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_committed_parameter_file_is_the_generated_one(preset):
    committed = (CONFIG / f"{preset}.param.yaml").read_text()
    assert committed == text_of(preset), "run python -m road_clarity.nodes.parameter_files"
