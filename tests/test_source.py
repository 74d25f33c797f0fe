"""What the source node can play, and what it says to what it cannot."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from road_clarity.models.errors import BadInput
from road_clarity.nodes.settings import SourceConfig
from road_clarity.nodes.source import open_frames


@pytest.fixture
def images(tmp_path):
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((4, 6, 3), 10 * index, np.uint8))
    return tmp_path


def test_an_image_folder_is_played_at_the_rate_that_was_asked_for(images):
    frames = list(open_frames(SourceConfig(path=str(images), rate=10.0)))
    assert [frame.stamp_ns for frame in frames] == [0, 100_000_000, 200_000_000]


def test_without_a_rate_an_image_folder_is_played_like_a_film(images):
    frames = list(open_frames(SourceConfig(path=str(images))))
    assert frames[1].stamp_ns == 40_000_000


@pytest.mark.parametrize("path", ["", "no/such/file.mp4"])
def test_a_source_that_is_not_there_is_named(path):
    with pytest.raises(BadInput, match="name a video"):
        open_frames(SourceConfig(path=path))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadInput, match="holds no images"):
        open_frames(SourceConfig(path=str(tmp_path)))


def test_a_text_file_is_no_video(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("turn left at the bridge")
    with pytest.raises(BadInput):
        list(open_frames(SourceConfig(path=str(path))))
