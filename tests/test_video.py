"""Frames of videos and image folders."""

import av
import cv2
import pytest
from made_drive import SIZE, street, write_video

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.video import (
    count_video_frames,
    list_images,
    natural_key,
    read_images,
    read_video,
)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mpeg4"), ("a.avi", "mpeg4"),
                                             ("a.mkv", "mpeg4"), ("a.gif", "gif")])  # fmt: skip
def test_every_frame_of_a_video_comes_with_its_time(tmp_path, name, codec):
    frames = list(read_video(write_video(tmp_path / name, frames=5, codec=codec, rate=10)))
    assert [frame.stamp_ns // 1_000_000 for frame in frames] == [0, 100, 200, 300, 400]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[3].size == SIZE


def test_colours_keep_their_order(tmp_path):
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), cv2.cvtColor(street(), cv2.COLOR_RGB2BGR))
    (frame,) = read_images([path], fps=10)
    assert frame.image[0, 0].tolist() == [120, 160, 220]


def test_a_container_that_promises_too_many_frames_is_no_error(tmp_path):
    path = write_video(tmp_path / "a.mp4", frames=6)
    assert count_video_frames(path) == 6


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mpeg4"), ("a.avi", "mpeg4"),
                                             ("a.mkv", "mpeg4"), ("a.gif", "gif")])  # fmt: skip
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_a_copy_that_broke_off_is_refused_before_any_work(tmp_path, name, codec, share):
    whole = write_video(tmp_path / name, codec=codec).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadInput, match="cut short|is no video"):
        count_video_frames(tmp_path / name)


@pytest.mark.parametrize("content", [b"hello road\n" * 40, b"\0" * 5000, b"#EXTM3U\n/etc/passwd\n"])
def test_text_zeros_and_playlists_are_no_video(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="is no video"):
        count_video_frames(path)


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        container.add_stream("pcm_s16le", rate=8000)
        container.start_encoding()
    with pytest.raises(BadInput, match="is no video"):
        count_video_frames(path)


def test_images_come_in_the_order_people_count_in():
    names = ["frame10.jpg", "frame2.jpg", "frame1.jpg"]
    assert sorted(names, key=natural_key) == ["frame1.jpg", "frame2.jpg", "frame10.jpg"]


def test_a_folder_of_images_plays_at_the_stated_rate(tmp_path):
    for i in (1, 2, 10):
        cv2.imwrite(str(tmp_path / f"{i}.png"), street(i))
    frames = list(read_images(list_images(tmp_path), fps=4))
    assert [frame.stamp_ns for frame in frames] == [0, 250_000_000, 500_000_000]
    assert [frame.image[-1, 0, 0] for frame in frames] == [1, 2, 10]


def test_an_image_that_cannot_be_decoded_is_named(tmp_path):
    (tmp_path / "1.jpg").write_bytes(b"not a picture")
    with pytest.raises(BadInput, match=r"1\.jpg"):
        list(read_images(list_images(tmp_path), fps=10))


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(BadInput, match="holds no images"):
        list_images(tmp_path)
