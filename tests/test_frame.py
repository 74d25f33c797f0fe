"""What a network sees of a frame."""

import numpy as np

from road_clarity.pipeline.frame import resized


def row(*greys: int) -> np.ndarray:
    return np.repeat(np.array([[greys]], np.uint8).transpose(0, 2, 1), 3, axis=2)


def test_a_smaller_picture_holds_the_mean_of_every_pixel():
    assert resized(row(0, 100, 50, 250), (2, 1))[0, :, 0].tolist() == [50, 150]


def test_a_larger_picture_is_a_ramp_between_the_pixels_and_no_stairs():
    assert resized(row(0, 100), (4, 1))[0, :, 0].tolist() == [0, 25, 75, 100]


def test_a_picture_of_the_right_size_stays_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    assert np.array_equal(resized(image, (7, 5)), image)
