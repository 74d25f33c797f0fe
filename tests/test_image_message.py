"""sensor_msgs images of all kinds become the same RGB array."""

from array import array
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.image_message import (
    decode_compressed,
    decode_raw,
    frame_of,
    intrinsics_of,
)

RED = (200, 40, 10)


def message(encoding, pixels, *, padding=0, big_endian=False):
    """An Image from an array (rows, bytes of a row)."""
    rows = np.pad(pixels, ((0, 0), (0, padding)))
    return SimpleNamespace(
        header=SimpleNamespace(stamp=SimpleNamespace(sec=3, nanosec=5), frame_id="front"),
        height=len(pixels), width=4, encoding=encoding, step=rows.shape[1],
        is_bigendian=big_endian, data=array("B", rows.tobytes()),
    )  # fmt: skip


def rows(*pixel):
    """Two rows of four equal pixels."""
    return np.tile(np.array(pixel, np.uint8), (2, 4))


@pytest.mark.parametrize(("encoding", "pixel"), [
    ("rgb8", RED), ("bgr8", RED[::-1]), ("rgba8", (*RED, 255)), ("bgra8", (*RED[::-1], 0)),
    ("8UC3", RED[::-1]),
])  # fmt: skip
def test_channel_orders(encoding, pixel):
    image = decode_raw(message(encoding, rows(*pixel)))
    assert image.shape == (2, 4, 3)
    assert image[1, 3].tolist() == list(RED)


def test_rows_may_be_padded():
    image = decode_raw(message("rgb8", rows(*RED), padding=5))
    assert (image == RED).all()
    assert image.flags.c_contiguous


@pytest.mark.parametrize(("big_endian", "pair"), [(False, (7, 90)), (True, (90, 7))])
def test_sixteen_bits_keep_their_upper_eight(big_endian, pair):
    image = decode_raw(message("mono16", rows(*pair), big_endian=big_endian))
    assert image[0, 0].tolist() == [90, 90, 90]


@pytest.mark.parametrize(("encoding", "row", "column"), [
    ("bayer_rggb8", 0, 0), ("bayer_grbg8", 0, 1), ("bayer_gbrg8", 1, 0), ("bayer_bggr8", 1, 1),
])  # fmt: skip
def test_a_red_wall_through_each_colour_filter_is_red(encoding, row, column):
    mosaic = np.zeros((8, 8), np.uint8)
    mosaic[row::2, column::2] = 200
    wall = message(encoding, mosaic)
    wall.width = 8
    assert decode_raw(wall)[4, 4].tolist() == [200, 0, 0]


@pytest.mark.parametrize(("encoding", "pixels"), [
    ("uyvy", np.tile(np.array([128, 90, 128, 90], np.uint8), (2, 2))),
    ("yuyv", np.tile(np.array([90, 128, 90, 128], np.uint8), (2, 2))),
])  # fmt: skip
def test_grey_in_yuv_is_grey(encoding, pixels):
    image = decode_raw(message(encoding, pixels))
    assert image.shape == (2, 4, 3)
    assert np.ptp(image) <= 1


def test_nv12_has_half_as_many_colour_rows():
    planes = np.full((3, 4), 128, np.uint8)  # 2 rows of brightness, 1 of colour
    wall = message("nv12", planes)
    wall.height = 2
    assert decode_raw(wall).shape == (2, 4, 3)


def test_an_unknown_encoding_is_named_with_those_we_know():
    with pytest.raises(BadInput, match="'32FC7'.*rgb8"):
        decode_raw(message("32FC7", rows(1)))


@pytest.mark.parametrize("change", [{"step": 3}, {"height": 9}, {"width": 0}])
def test_too_little_data_is_refused(change):
    short = message("rgb8", rows(*RED))
    short.__dict__.update(change)
    with pytest.raises(BadInput, match="do not fill it"):
        decode_raw(short)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_compressed_red_is_red(suffix):
    picture = np.full((8, 8, 3), RED[::-1], np.uint8)
    content = cv2.imencode(suffix, picture)[1].tobytes()
    image = decode_compressed(SimpleNamespace(format="jpeg", data=content))
    assert np.abs(image.astype(int) - RED).max() <= 3


def test_a_broken_jpeg_is_refused():
    with pytest.raises(BadInput, match="JPEG"):
        decode_compressed(SimpleNamespace(format="jpeg", data=b"no"))


def test_a_frame_carries_the_stamp_and_frame_id_of_its_message():
    frame = frame_of(message("rgb8", rows(*RED)), 4, 99, None)
    assert (frame.index, frame.stamp_ns, frame.frame_id) == (4, 3_000_000_005, "front")


def test_a_header_nobody_filled_in_takes_the_time_of_recording():
    raw = message("rgb8", rows(*RED))
    raw.header = SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id="")
    frame = frame_of(raw, 0, 99, None)
    assert (frame.stamp_ns, frame.frame_id) == (99, "camera")


def test_an_uncalibrated_camera_has_no_intrinsics():
    assert intrinsics_of(SimpleNamespace(k=np.zeros(9))) is None
    camera = intrinsics_of(SimpleNamespace(k=np.array([500.0, 0, 320, 0, 510, 240, 0, 0, 1])))
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (500.0, 510.0, 320.0, 240.0)
