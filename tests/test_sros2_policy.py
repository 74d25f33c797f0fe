"""The SROS2 policy: its form is that of sros2's policy.xsd, version 0.2.0; its names are ours."""

from xml.etree import ElementTree

import pytest

from road_clarity.nodes.sros2_policy import PLACE, main, text_of
from road_clarity.nodes.table import REPLAY, REPLAY_ARGUMENTS, complete

CHILDREN = {
    "policy": {"enclaves"}, "enclaves": {"enclave"}, "enclave": {"profiles"},
    "profiles": {"profile"}, "profile": {"topics", "services"}, "topics": {"topic"},
    "services": {"service"}, "topic": set(), "service": set(),
}  # fmt: skip
ATTRIBUTES = {
    "policy": {"version"}, "enclave": {"path"}, "profile": {"ns", "node"},
    "topics": {"publish", "subscribe"}, "services": {"reply", "request"},
}  # fmt: skip


def policy(**given):
    return ElementTree.fromstring(text_of(complete(REPLAY_ARGUMENTS, given)).encode())


def rights(root, path, node, right):
    """Names that a node of an enclave has the right to."""
    profile = root.find(f".//enclave[@path='{path}']/profiles/profile[@node='{node}']")
    return {one.text for one in profile.findall(f"*[@{right}='ALLOW']/*")}


def test_the_form_is_that_of_the_schema():
    root = policy()
    assert root.get("version") == "0.2.0"
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN[element.tag]
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set())
        assert element.tag not in ("topics", "services") or len(element) >= 1
        assert element.tag not in ("topic", "service") or element.text.startswith("/")


def test_every_process_has_the_enclave_that_it_is_started_with():
    paths = [one.get("path") for one in policy().iter("enclave")]
    assert paths == [process.enclave for process in REPLAY]


def test_only_the_safety_node_may_say_what_the_risk_is():
    root = policy()
    may = [one.get("node") for one in root.iter("profile") for topic in one.iter("topic")
           if topic.text == "/safety/out/risk" and one.find("topics[@publish='ALLOW']") is not None
           and topic in one.find("topics[@publish='ALLOW']")]  # fmt: skip
    assert may == ["safety"]


def test_what_one_node_hears_of_another_that_one_may_say():
    root = policy(namespace="front", camera="front_camera")
    said = {one.text for one in root.findall(".//topics[@publish='ALLOW']/topic")}
    heard = {one.text for one in root.findall(".//topics[@subscribe='ALLOW']/topic")}
    assert heard - said == {"/clock"}


def test_a_namespace_and_the_topics_of_the_camera_are_in_it():
    root = policy(namespace="front", image_topic="/rgb/image")
    assert "/rgb/image" in rights(root, "/road_clarity/perception", "perception", "subscribe")
    assert "/front/safety/out/risk" in rights(root, "/road_clarity/safety", "safety", "publish")


def test_nobody_may_change_the_state_of_the_source_which_has_none():
    services = rights(policy(), "/road_clarity/source", "source", "reply")
    assert "/source/set_parameters" in services and "/source/change_state" not in services


def test_the_committed_file_is_the_generated_one():
    assert PLACE.read_text() == text_of(complete(REPLAY_ARGUMENTS, {}))


def test_a_policy_for_a_namespace_goes_to_stdout(capsys):
    assert main(["namespace:=front"]) == 0
    assert ElementTree.fromstring(capsys.readouterr().out.encode()).tag == "policy"


@pytest.mark.parametrize("process", REPLAY, ids=lambda process: process.executable)
def test_every_node_of_a_process_has_a_profile(process):
    found = policy().findall(f".//enclave[@path='{process.enclave}']/profiles/profile")
    assert [one.get("node") for one in found] == list(process.nodes)
