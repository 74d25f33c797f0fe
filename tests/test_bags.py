"""Bags: what was recorded comes back, and what is no bag is refused in one sentence."""

import numpy as np
import pytest
from made_drive import write_video
from rosbags.rosbag2 import StoragePlugin, Writer

from road_clarity.evaluation.record import TYPES, header, info_message, record
from road_clarity.evaluation.sources import open_source
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame, Intrinsics


@pytest.fixture
def bag(tmp_path):
    """Four frames of a video, recorded."""
    video = write_video(tmp_path / "drive.mp4", frames=4, rate=10)
    record(open_source(video), tmp_path / "bag", field_of_view_deg=90.0)
    return tmp_path / "bag"


def raw_bag(path, topics, *, encoding="rgb8", storage=StoragePlugin.SQLITE3, count=2):
    """Raw images on each of the topics; the shade is the number of the topic."""
    with Writer(path, version=9, storage_plugin=storage) as writer:
        for shade, topic in enumerate(topics):
            connection = writer.add_connection(topic, "sensor_msgs/msg/Image", typestore=TYPES)
            image = np.full((4, 6, 3), shade, np.uint8)
            for stamp_ns in range(count):
                frame = Frame(0, stamp_ns + 1, image)
                message = TYPES.types["sensor_msgs/msg/Image"](
                    header=header(frame), height=4, width=6, encoding=encoding,
                    is_bigendian=0, step=18, data=image.ravel(),
                )  # fmt: skip
                content = TYPES.serialize_cdr(message, "sensor_msgs/msg/Image")
                writer.write(connection, stamp_ns, content)
    return path


def test_a_recorded_video_comes_back_with_stamps_and_camera(bag):
    source = open_source(bag)
    frames = list(source.frames)
    assert (source.name, source.count) == ("bag", 4)
    assert [frame.stamp_ns for frame in frames] == [0, 100_000_000, 200_000_000, 300_000_000]
    assert frames[2].intrinsics == Intrinsics(pytest.approx(32.0), pytest.approx(32.0), 32.0, 24.0)
    assert np.abs(frames[2].image[40].astype(int) - 20).mean() < 6  # JPEG, twice


def test_the_file_inside_a_bag_is_enough(bag):
    assert len(list(open_source(bag / "bag.mcap").frames)) == 4


def test_a_bag_is_never_overwritten(bag, tmp_path):
    with pytest.raises(BadInput, match="already exists"):
        record(open_source(bag), bag, 60.0)


@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_raw_images_of_both_storages_are_read(tmp_path, storage):
    path = raw_bag(tmp_path / "raw", ["/cam"], storage=storage)
    assert [frame.image.shape for frame in open_source(path).frames] == [(4, 6, 3)] * 2


def test_the_first_camera_by_name_is_taken_unless_one_is_named(tmp_path):
    path = raw_bag(tmp_path / "raw", ["/right/image", "/left/image"])
    assert next(open_source(path).frames).image[0, 0, 0] == 1
    assert next(open_source(path, topic="/right/image").frames).image[0, 0, 0] == 0


def test_a_topic_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    path = raw_bag(tmp_path / "raw", ["/left/image"])
    with pytest.raises(BadInput, match=r"/nope.*/left/image"):
        open_source(path, topic="/nope")


def test_a_bag_without_camera_names_what_it_has(tmp_path):
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        kind = "sensor_msgs/msg/CameraInfo"
        connection = writer.add_connection("/info", kind, typestore=TYPES)
        info = info_message(Frame(0, 0, np.zeros((2, 2, 3), np.uint8)), Intrinsics(1, 1, 1, 1))
        writer.write(connection, 0, TYPES.serialize_cdr(info, kind))
    with pytest.raises(BadInput, match="no camera topic.*/info"):
        open_source(tmp_path / "bag")


def test_an_encoding_we_do_not_know_is_named(tmp_path):
    path = raw_bag(tmp_path / "raw", ["/cam"], encoding="thermal9")
    with pytest.raises(BadInput, match="thermal9"):
        list(open_source(path).frames)


def test_a_camera_that_never_spoke_is_refused(tmp_path):
    path = raw_bag(tmp_path / "raw", ["/cam"], count=0)
    with pytest.raises(BadInput, match="holds no messages"):
        list(open_source(path).frames)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_bag_that_broke_off_is_refused(bag, share):
    file = bag / "bag.mcap"
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BadInput, match="cannot be read"):
        list(open_source(file).frames)


@pytest.mark.parametrize("name", ["a.mcap", "a.db3"])
def test_something_else_under_the_name_of_a_bag_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"hello road\n" * 50)
    with pytest.raises(BadInput, match="cannot be read"):
        open_source(tmp_path / name)


def test_nothing_is_left_of_a_recording_that_failed(tmp_path):
    broken = raw_bag(tmp_path / "raw", ["/cam"], encoding="thermal9")
    with pytest.raises(BadInput):
        record(open_source(broken), tmp_path / "new" / "bag", 60.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def test_missing_and_empty_sources_are_refused(tmp_path):
    (tmp_path / "empty.mp4").touch()
    for name, match in (("nowhere.mp4", "does not exist"), ("empty.mp4", "is empty")):
        with pytest.raises(BadInput, match=match):
            open_source(tmp_path / name)
