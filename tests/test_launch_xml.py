"""The launch files in XML, carried out by a small reading of launch's rules.

The rules are those of launch_xml and launch_ros in Jazzy: which attributes a tag may have, how
$(var x), $(eval ...), let, if and unless are replaced, and how ros_args are split.
"""

import re
import shlex
from dataclasses import dataclass, field
from xml.etree import ElementTree

import pytest

from road_clarity.nodes.launch_xml import FILES, LAUNCH, text_of
from road_clarity.nodes.table import complete, starts

ATTRIBUTES = {
    "arg": {"name", "default", "description"},
    "choice": {"value"},
    "let": {"name", "value", "if", "unless"},
    "node": {
        "pkg", "exec", "namespace", "output", "respawn", "respawn_delay", "on_exit", "ros_args",
    },
    "param": {"name", "value", "type"},
    "remap": {"from", "to"},
}  # fmt: skip
SHARE = "/share/road_clarity"
TYPES = {"str": str, "float": float, "bool": lambda text: {"true": True, "false": False}[text]}


def substitute(text, values):
    """$(find-pkg-share p) and $(var x), then $(eval "...")."""
    text = text.replace("$(find-pkg-share road_clarity)", SHARE)
    text = re.sub(r"\$\(var (\w+)\)", lambda found: values[found[1]], text)
    return re.sub(r'\$\(eval "(.*)"\)', lambda found: str(eval(found[1])).lower(), text)


@dataclass
class Launched:
    """A node as it would start."""

    tag: ElementTree.Element
    namespace: str
    arguments: list
    parameters: dict = field(default_factory=dict)
    remaps: list = field(default_factory=list)


def launch(name, given):
    """The nodes of the committed file, with these arguments."""
    values, nodes = dict(given), []
    for tag in ElementTree.parse(LAUNCH / f"{name}.launch.xml").getroot():
        if tag.tag == "arg":
            values.setdefault(tag.get("name"), substitute(tag.get("default"), values))
            choices = [choice.get("value") for choice in tag]
            assert not choices or values[tag.get("name")] in choices
        elif tag.tag == "let":
            if wanted(tag, values):
                values[tag.get("name")] = substitute(tag.get("value"), values)
        else:
            nodes.append(node(tag, values))
    return nodes


def wanted(tag, values):
    if tag.get("if"):
        return substitute(tag.get("if"), values) == "true"
    return substitute(tag.get("unless"), values) == "false"


def node(tag, values):
    words = shlex.split(tag.get("ros_args").replace("$(var ", "$(var_"))
    words = [substitute(word.replace("$(var_", "$(var "), values) for word in words]
    one = Launched(tag, substitute(tag.get("namespace"), values), words)
    for child in tag:
        if child.tag == "param":
            convert = TYPES[child.get("type")]
            one.parameters[child.get("name")] = convert(substitute(child.get("value"), values))
        else:
            one.remaps.append((child.get("from"), substitute(child.get("to"), values)))
    return one


GIVEN = {
    "nothing": {},
    "a camera in a namespace": {"namespace": "front", "camera": "front_camera"},
    "a topic": {"image_topic": "/rgb/image", "device": "cpu", "use_sim_time": "true"},
    "a camera by its number": {"source": "0", "rate": "30", "loop": "true"},
    "parameters": {"params_file": "/etc/mine.param.yaml", "preset": "tiny", "log_level": "warn"},
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("name", FILES)
def test_the_same_starts_as_from_python(name, given):
    processes, arguments = FILES[name]
    given = {key: value for key, value in given.items() if key in arguments}
    expected = starts(processes, complete(arguments, given))
    nodes = launch(name, given)
    assert [one.tag.get("exec") for one in nodes] == [one.process.executable for one in expected]
    for xml, python in zip(nodes, expected, strict=True):
        assert xml.parameters == python.parameters
        assert {k: type(v) for k, v in xml.parameters.items()} == {
            k: type(v) for k, v in python.parameters.items()
        }
        assert tuple(xml.remaps) == python.remaps
        assert xml.namespace == python.namespace
        file = python.params_file or f"{SHARE}/config/{given.get('preset', 'edge')}.param.yaml"
        assert xml.arguments == [
            "--log-level", python.log_level, "--enclave", python.process.enclave,
            "--params-file", file,
        ]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_argument_is_the_same_and_explained(name):
    tags = ElementTree.parse(LAUNCH / f"{name}.launch.xml").getroot().findall("arg")
    assert {tag.get("name"): tag.get("description") for tag in tags} == {
        key: one.doc for key, one in FILES[name][1].items()
    }


@pytest.mark.parametrize("name", FILES)
def test_no_tag_has_an_attribute_that_launch_does_not_know(name):
    """launch refuses the whole file for one."""
    for tag in ElementTree.parse(LAUNCH / f"{name}.launch.xml").getroot().iter():
        assert tag.tag == "launch" or set(tag.attrib) <= ATTRIBUTES[tag.tag]


def test_services_are_started_again_and_a_recording_ends_everything():
    safety, perception, source = (one.tag for one in launch("replay", {}))
    assert {one.get("respawn") for one in (safety, perception)} == {"true"}
    assert source.get("on_exit") == "shutdown" and source.get("respawn") is None


@pytest.mark.parametrize("name", FILES)
def test_the_committed_file_is_the_generated_one(name):
    assert (LAUNCH / f"{name}.launch.xml").read_text() == text_of(name)


@pytest.mark.parametrize("name", FILES)
def test_the_real_launch_reads_the_file(name):
    pytest.importorskip("launch.actions", reason="launch comes with apt ROS")
    parser = pytest.importorskip("launch.frontend").Parser
    root, its_parser = parser.load(str(LAUNCH / f"{name}.launch.xml"))
    assert its_parser.parse_description(root).entities
