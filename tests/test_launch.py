"""The launch files, read with a stand-in of launch and launch_ros that writes down what it is told.

The real ones come with apt ROS only; where they are, the files are loaded with them as well.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

pytest.importorskip("ament_index_python")

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.presets import PRESETS

LAUNCH = Path(__file__).parents[1] / "launch"
FILES = ("drive.launch.py", "replay.launch.py")


class Told:
    """Any class of launch: remembers its arguments."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class DeclareLaunchArgument(Told):
    pass


class OpaqueFunction(Told):
    pass


class Node(Told):
    pass


class Shutdown(Told):
    pass


STAND_INS = {
    "launch": {"LaunchDescription": list, "LaunchContext": SimpleNamespace},
    "launch.actions": {
        "DeclareLaunchArgument": DeclareLaunchArgument,
        "OpaqueFunction": OpaqueFunction,
        "Shutdown": Shutdown,
    },
    "launch_ros": {},
    "launch_ros.actions": {"Node": Node},
    "launch_ros.parameter_descriptions": {"ParameterValue": Told},
}


@pytest.fixture
def stand_in(monkeypatch):
    for name, members in STAND_INS.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "road_clarity.nodes.launching", raising=False)
    yield
    sys.modules.pop("road_clarity.nodes.launching", None)


def read(name):
    """What `ros2 launch` gets from the file."""
    spec = importlib.util.spec_from_file_location("launch_file", LAUNCH / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def launched(name, **given):
    """The nodes that start with these arguments."""
    *declared, begin = read(name)
    values = {one.args[0]: one.kwargs["default_value"] for one in declared} | given
    nodes = begin.kwargs["function"](SimpleNamespace(launch_configurations=values))
    return [node.kwargs for node in nodes]


@pytest.mark.parametrize("name", FILES)
def test_every_argument_is_declared_and_explained(stand_in, name):
    *declared, _ = read(name)
    assert len(declared) >= 10
    assert all(one.kwargs["description"] for one in declared)


def test_drive_starts_safety_and_perception(stand_in):
    assert [Path(node["remappings"][0][0]).name for node in launched("drive.launch.py")] == [
        "frames", "image",
    ]  # fmt: skip


def test_the_image_topic_reaches_the_perception_node(stand_in):
    _, perception = launched("drive.launch.py", image_topic="/rgb/image")
    assert ("perception:~/in/image", "/rgb/image") in perception["remappings"]


def test_services_are_started_again_and_a_recording_ends_everything(stand_in):
    safety, perception, source = launched("replay.launch.py", source="drive.mp4")
    assert safety["respawn"] and perception["respawn"]
    assert isinstance(source["on_exit"][0], Shutdown)


def test_a_text_stays_a_text_and_a_switch_a_switch(stand_in):
    *_, source = launched("replay.launch.py", source="0", loop="true")
    (given,) = source["parameters"]
    assert given["path"].args == ("0",) and given["path"].kwargs == {"value_type": str}
    assert given["loop"] is True


def test_a_parameter_file_is_passed_when_it_is_given(stand_in, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.touch()
    safety, _ = launched("drive.launch.py", params_file=str(mine))
    assert safety["parameters"][0] == str(mine)
    assert len(launched("drive.launch.py")[0]["parameters"]) == 1


def test_a_parameter_file_that_is_not_there_ends_it_for_launch_would_only_warn(stand_in):
    with pytest.raises(BadInput, match=r"params_file gone\.yaml: no such file"):
        launched("drive.launch.py", params_file="gone.yaml")


def test_only_a_preset_that_there_is_may_be_chosen(stand_in):
    choices = {one.args[0]: one.kwargs["choices"] for one in read("drive.launch.py")[:-1]}
    assert choices["preset"] == list(PRESETS) and choices["camera"] is None


def test_several_nodes_of_one_process_keep_their_names(stand_in):
    assert all("name" not in node for node in launched("drive.launch.py"))


@pytest.mark.parametrize("name", FILES)
def test_the_real_launch_reads_the_file(name):
    pytest.importorskip("launch.actions", reason="launch comes with apt ROS")
    assert read(name).entities
