"""RViz and Foxglove open what there is: every topic of their layouts is one of the nodes'."""

import json
import re

import pytest
import yaml

from road_clarity.nodes.table import DRIVE_ARGUMENTS, complete
from road_clarity.nodes.topics import COMPRESSED, IMAGE, MARKER, TOPICS, published
from road_clarity.nodes.viewers import CONFIG, FOXGLOVE, RVIZ, foxglove_text, main, rviz_text

CAMERA = complete(DRIVE_ARGUMENTS, {})["image_topic"]
KINDS = {f"/{node}/{name}": kind for node, ends in TOPICS.items()
         for name, kind in ends.publishes.items()}  # fmt: skip


def displays(namespace=""):
    return yaml.safe_load(rviz_text(namespace))["Visualization Manager"]["Displays"]


def panels():
    return json.loads(foxglove_text())["configById"]


def leaves(layout):
    if isinstance(layout, str):
        return [layout]
    assert set(layout) == {"direction", "first", "second", "splitPercentage"}
    assert layout["direction"] in ("row", "column")
    return leaves(layout["first"]) + leaves(layout["second"])


def test_rviz_gets_raw_images_for_it_takes_a_jpeg_only_on_a_topic_called_compressed():
    assert [KINDS[one["Topic"]["Value"]] for one in displays()] == [IMAGE] * 3
    assert {one["Class"] for one in displays()} == {"rviz_default_plugins/Image"}


def test_rviz_asks_for_what_is_offered():
    assert {one["Topic"]["Reliability Policy"] for one in displays()} == {"Reliable"}


def test_every_panel_of_foxglove_has_its_place_and_only_once():
    layout = json.loads(foxglove_text())["layout"]
    assert sorted(leaves(layout)) == sorted(panels())


def test_foxglove_shows_markers_on_the_image_whose_pixels_they_speak_of():
    shown = panels()["Image!camera"]["imageMode"]
    assert shown["imageTopic"] == CAMERA
    assert {KINDS[topic] for topic in shown["annotations"]} == {MARKER}
    assert all(one == {"visible": True} for one in shown["annotations"].values())


def test_the_images_of_foxglove_are_images():
    topics = [one["imageMode"]["imageTopic"] for name, one in panels().items() if "Image!" in name]
    assert {KINDS.get(topic, COMPRESSED) for topic in topics} == {IMAGE, COMPRESSED}
    assert set(topics) - set(KINDS) == {CAMERA}


def test_risk_and_health_are_shown():
    (line,) = panels()["Plot!risk"]["paths"]
    assert line["value"] == "/safety/out/risk.score"
    assert panels()["StateTransitions!level"]["paths"][0]["value"] == "/safety/out/risk.level"
    assert panels()["DiagnosticSummary!health"]["topicToRender"] == "/diagnostics"


def test_in_a_namespace_every_topic_is_in_it_but_for_the_camera():
    text = rviz_text("front") + foxglove_text("front", "/front_camera/image_raw")
    topics = set(re.findall(r"/[a-z_]+(?:/[a-z_]+)+", text)) - {"/front_camera/image_raw"}
    assert topics and topics <= set(published("front"))


@pytest.mark.parametrize(("name", "made"), [(RVIZ, rviz_text), (FOXGLOVE, foxglove_text)])
def test_the_committed_file_is_the_generated_one(name, made):
    assert (CONFIG / name).read_text() == made()


def test_the_layouts_of_one_camera_of_several_go_where_they_are_wanted(tmp_path, capsys):
    assert main(["front", "/front_camera/image_raw", str(tmp_path)]) == 0
    assert main(["front"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [FOXGLOVE, RVIZ]
