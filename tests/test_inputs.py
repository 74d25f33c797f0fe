"""Silence of an input is told; and which kind of images a node listens to."""

import math

import pytest

from road_clarity.nodes.image_kind import choose_kind
from road_clarity.nodes.inputs import Inputs

KNOWN = ("Image", "CompressedImage")


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_an_input_that_never_came_gets_its_time():
    clock = Clock()
    inputs = Inputs(clock)
    inputs.expect("image", "risk")
    assert inputs.silent(1.0) == []
    clock.now_s += 1.5
    inputs.note("risk")
    assert inputs.silent(1.0) == ["image"]
    assert inputs.values() == {"image heard": "never", "risk heard": "0.0 s ago"}


def test_the_age_of_an_input_is_that_of_its_last_message():
    clock = Clock()
    inputs = Inputs(clock)
    inputs.expect("image")
    assert math.isinf(inputs.age_s("image"))
    inputs.note("image")
    clock.now_s += 2.5
    assert (inputs.age_s("image"), inputs.silent(1.0)) == (2.5, ["image"])


def test_what_nobody_expects_is_not_missed():
    inputs = Inputs(Clock())
    inputs.note("image")
    assert inputs.silent(0.0) == [] and inputs.values() == {}


@pytest.mark.parametrize(("offered", "current", "is_silent", "chosen"), [
    ((), "", True, None),  # nobody publishes yet
    (("Image",), "", False, "Image"),
    (("CompressedImage", "Image"), "", False, "Image"),  # the preferred one
    (("Image",), "Image", True, None),  # nothing else to listen to
    (("CompressedImage",), "Image", False, "CompressedImage"),  # the driver changed its mind
    (("CompressedImage", "Image"), "Image", False, None),  # works; stay
    (("CompressedImage", "Image"), "Image", True, "CompressedImage"),  # what is offered is dead
    (("LaserScan",), "Image", True, None),  # not an image at all
])  # fmt: skip
def test_which_kind_of_images_is_listened_to(offered, current, is_silent, chosen):
    assert choose_kind(KNOWN, offered, current, is_silent) == chosen
