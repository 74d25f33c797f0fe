"""The node table: every process, fully wired."""

import sys

from road_clarity.nodes.supervisor import command
from road_clarity.nodes.table import (
    DRIVE,
    DRIVE_ARGUMENTS,
    REPLAY,
    REPLAY_ARGUMENTS,
    complete,
    starts,
    yaml_text,
)


def drive(**given):
    started = starts(DRIVE, complete(DRIVE_ARGUMENTS, given))
    return {one.process.executable: one for one in started}


def test_the_safety_node_starts_first_to_say_unknown_while_the_networks_load():
    assert DRIVE[0].executable == "safety_node"


def test_a_camera_name_leads_to_its_topics():
    remaps = dict(drive(camera="front")["perception_node"].remaps)
    assert remaps["perception:~/in/image"] == "/front/image_raw"
    assert remaps["perception:~/in/camera_info"] == "/front/camera_info"


def test_a_given_topic_wins_over_the_camera_name():
    remaps = dict(drive(camera="front", image_topic="/rgb")["perception_node"].remaps)
    assert remaps["perception:~/in/image"] == "/rgb"


def test_what_safety_listens_to_is_what_the_others_publish():
    heard = set(dict(drive()["safety_node"].remaps).values())
    assert heard == {
        "perception/out/frames", "perception/out/faults", "lane/out/lanes", "tracker/out/tracks",
        "segmentation/out/segmentation", "world_model/out/world",
        "unknown_scene/out/unknown", "perception/out/rounds",
    }  # fmt: skip


def test_a_source_publishes_where_the_camera_would():
    started = starts(REPLAY, complete(REPLAY_ARGUMENTS, {"source": "drive.mp4"}))
    perception, source = started[1], started[2]
    assert dict(source.remaps)["~/out/image"] == dict(perception.remaps)["perception:~/in/image"]


def test_only_the_source_may_end():
    assert [one.is_service for one in REPLAY] == [True, True, False]


def test_a_namespace_holds_all_nodes():
    for one in drive(namespace="left").values():
        assert "__ns:=/left" in one.ros_arguments()


def test_without_a_namespace_nothing_is_remapped_into_one():
    assert not any("__ns" in text for text in drive()["safety_node"].ros_arguments())


def test_parameters_have_their_types():
    given = {"source": "0", "rate": "30", "loop": "true"}
    source = starts(REPLAY, complete(REPLAY_ARGUMENTS, given))[2]
    assert (source.parameters["path"], source.parameters["rate"], source.parameters["loop"]) == (
        "0", 30.0, True,
    )  # fmt: skip


def test_the_number_of_a_camera_stays_a_text_for_ros():
    assert [yaml_text(value) for value in ("0", 30.0, True, "it's")] == [
        "'0'", "30.0", "true", "'it''s'",
    ]  # fmt: skip


def test_a_parameter_file_comes_before_single_parameters_which_win():
    given = drive(params_file="mine.yaml")["safety_node"].ros_arguments()
    assert given.index("--params-file") < given.index("-p")


def test_a_process_is_started_with_this_python():
    line = command(drive()["safety_node"])
    assert line[:4] == [sys.executable, "-m", "road_clarity.nodes.safety", "--ros-args"]


def test_every_argument_is_explained():
    assert all(one.doc for one in REPLAY_ARGUMENTS.values())
