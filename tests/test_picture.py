"""Pictures from outside are measured before they are unpacked."""

import cv2
import numpy as np
import pytest
from made_drive import SIZE, street

from road_clarity.service.errors import Refusal
from road_clarity.service.picture import decode, png_is_whole, stated_size


def encoded(suffix, *options):
    image = cv2.cvtColor(street(), cv2.COLOR_RGB2BGR)
    return cv2.imencode(suffix, image, options)[1].tobytes()


def test_a_png_comes_back_pixel_for_pixel():
    assert (decode(encoded(".png"), "image") == street()).all()


@pytest.mark.parametrize("progressive", [0, 1])
def test_the_size_of_a_jpeg_stands_in_its_frame_header(progressive):
    content = encoded(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    assert stated_size(content) == SIZE
    assert decode(content, "image").shape == (48, 64, 3)


def test_a_jpeg_may_be_padded_with_zeros():
    assert decode(encoded(".jpg") + bytes(100), "image").shape == (48, 64, 3)


def test_a_chunk_that_claims_more_than_the_file_is_never_given_to_the_decoder():
    content = bytearray(encoded(".png"))
    content[33] = 0xCD  # the length of the first IDAT: 3.4 GB
    assert png_is_whole(encoded(".png")) and not png_is_whole(bytes(content))
    with pytest.raises(Refusal, match="cut short"):
        decode(bytes(content), "image")


def test_a_grey_picture_is_taken_as_colour():
    content = cv2.imencode(".png", np.full((20, 30), 7, np.uint8))[1].tobytes()
    assert decode(content, "image")[0, 0].tolist() == [7, 7, 7]


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"\xff\xd8" + b"\xff" * 50, b"\x89PNG"])
def test_what_states_no_size_is_no_picture(content):
    assert stated_size(content) is None
