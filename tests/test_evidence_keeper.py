"""Evidence on the road: nothing waits for the disk, and what was lost is counted and said."""

import shutil
import threading
import time

import pytest
from made_drive import made_risk, made_scene, street

from road_clarity.nodes.evidence import EvidenceKeeper, LiveEvidenceConfig
from road_clarity.pipeline.events import read_events
from road_clarity.pipeline.evidence.provenance import Origin
from road_clarity.pipeline.frame import Frame

SECOND_NS = 1_000_000_000


@pytest.fixture
def said():
    return []


@pytest.fixture
def keeper(said):
    return EvidenceKeeper(said.append)


def opened(keeper, folder, **settings):
    config = LiveEvidenceConfig(folder=str(folder), **settings)
    keeper.open(config, "/camera", lambda: Origin({"vae_edge": "ab"}))


def drive(keeper, levels):
    """An image, its world and its risk, ten times a second."""
    for index, level in enumerate(levels):
        stamp_ns = index * SECOND_NS // 10
        keeper.see_frame(Frame(index, stamp_ns, street(5 * index)))
        keeper.listener("world")(None, made_scene(index, stamp_ns).world)
        keeper.see_risk(made_risk(stamp_ns, level))


def test_a_flagged_image_is_stored_with_what_came_before(keeper, tmp_path, said):
    opened(keeper, tmp_path)
    drive(keeper, ["nominal", "nominal", "high"])
    assert keeper.close()
    (event,) = read_events(tmp_path)
    assert (event.start_index, event.source, event.clip_start_ns) == (2, "/camera", 0)
    assert (tmp_path / event.id / "error_map.png").is_file()
    assert (keeper.stored, keeper.lost, keeper.skipped, said) == (1, 0, 0, [])


def test_without_a_folder_nothing_is_kept(keeper):
    keeper.open(LiveEvidenceConfig(), "/camera", lambda: Origin({}))
    drive(keeper, ["high"])
    assert keeper.values() == {"evidence": "is not stored"}
    assert keeper.close()


def test_a_verdict_on_an_image_that_nobody_kept_is_passed_over(keeper, tmp_path):
    opened(keeper, tmp_path)
    keeper.see_risk(made_risk(5, "high"))
    drive(keeper, ["high"])
    keeper.see_risk(made_risk(0, "high"))  # again
    keeper.close()
    assert [one.start_index for one in read_events(tmp_path)] == [0]


@pytest.mark.fault(
    "evidence disk is full, or cannot be written",
    state="the risk goes on; the event is lost, counted (`events lost`) and an error of perception",
    within="when the event is over", back="the next event",
)  # fmt: skip
def test_a_disk_that_fails_is_said_and_counted(keeper, tmp_path, said):
    (tmp_path / "full").write_text("a file is in the way")
    opened(keeper, tmp_path / "full")
    drive(keeper, ["high"])
    assert keeper.close()
    assert (keeper.stored, keeper.lost) == (0, 1)
    assert said[0].startswith("the event at 0 ns could not be stored")


def eventually(condition):
    until = time.monotonic() + 20.0
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


@pytest.mark.claim("kept")
@pytest.mark.fault("perception process is killed (kill -9)")
def test_an_event_that_was_under_way_when_its_process_was_killed_is_told_by_the_next(
    keeper, tmp_path, said
):
    opened(keeper, tmp_path)
    drive(keeper, ["nominal", "high", "high"])
    assert eventually(lambda: list(tmp_path.glob(".under_way-*")))
    left = tmp_path / "left"  # as the disk is after kill -9
    shutil.copytree(tmp_path, left)
    keeper.close()
    assert list(tmp_path.glob(".under_way-*")) == [] and said == []
    successor = EvidenceKeeper(said.append)
    opened(successor, left)
    assert eventually(lambda: successor.lost == 1)
    assert said == ["the event at 100000000 ns was under way when its process ended; it is lost"]
    assert successor.close() and list(left.glob(".under_way-*")) == []


def test_old_evidence_makes_room(keeper, tmp_path):
    opened(keeper, tmp_path, gap_s=0.0, after_s=0.0, most_gb=0.0)
    drive(keeper, ["high", "nominal", "nominal"])
    keeper.close()
    assert (keeper.stored, read_events(tmp_path)) == (1, [])


@pytest.mark.fault(
    "evidence disk hangs or is slow",
    state="the risk goes on; images missing in evidence are counted", within="1 s of images",
    back="when the disk answers",
)  # fmt: skip
def test_images_that_come_faster_than_the_disk_are_skipped_not_waited_for(keeper, tmp_path):
    disk = threading.Event()  # answers when it is set

    def slow_origin():
        disk.wait(10.0)
        return Origin({})

    keeper.open(LiveEvidenceConfig(folder=str(tmp_path)), "/camera", slow_origin)
    drive(keeper, ["nominal"] * 40)
    assert keeper.skipped in (7, 8)  # one in hand, 32 that wait
    disk.set()
    assert keeper.close()
