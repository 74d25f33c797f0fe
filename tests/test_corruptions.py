"""The suite: every corruption keeps the picture's shape, is the same again, and grows."""

import numpy as np
import pytest

from road_clarity.evaluation.corruptions.suite import COMMON, DRIVING, HELD, STILL, corrupt, frozen
from road_clarity.models.errors import BadInput


def street(height=72, width=128):
    """A sky, a road with a line, and some texture."""
    rng = np.random.default_rng(3)
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2] = (120, 160, 220)
    image[height // 2 :] = (90, 90, 95)
    image[height // 2 :, width // 2 - 2 : width // 2 + 2] = 240
    return (image + rng.integers(0, 12, image.shape)).astype(np.uint8)


def distance(image, name, severity, seed=0):
    spoilt = corrupt(image, name, severity, seed)
    return float(np.abs(spoilt.astype(int) - image).mean())


def test_there_are_the_fifteen_of_imagenet_c_and_eight_driving_faults():
    assert len(COMMON) == 15
    assert len(DRIVING) + 1 == 8  # and the frozen camera, which takes a clip


@pytest.mark.parametrize("name", STILL)
def test_a_corruption_keeps_size_and_type_and_changes_the_picture(name):
    image = street()
    before = image.copy()
    spoilt = corrupt(image, name, 3, seed=1)
    assert (spoilt.shape, spoilt.dtype) == (image.shape, np.uint8)
    assert (image == before).all()
    assert (spoilt != image).any()


@pytest.mark.parametrize("name", STILL)
def test_the_same_seed_gives_the_same_bytes(name):
    image = street()
    assert (corrupt(image, name, 2, seed=5) == corrupt(image, name, 2, seed=5)).all()


# ImageNet-C's own fog and frost trade density for roughness, and frost and jpeg depend on the scene
GROWING = sorted(set(STILL) - {"fog", "frost", "jpeg", "elastic", "glass_blur"})


@pytest.mark.parametrize("name", GROWING)
def test_every_severity_moves_the_picture_farther(name):
    image = street()
    away = [distance(image, name, severity) for severity in (1, 3, 5)]
    assert away == sorted(away)
    assert away[0] < away[2]


@pytest.mark.parametrize("name", sorted(set(STILL) - set(GROWING)))
def test_the_worst_is_worse_than_the_mildest(name):
    image = street()
    assert distance(image, name, 5) > distance(image, name, 1)


def test_swapped_channels_at_full_strength_show_red_as_blue():
    red = np.full((8, 8, 3), (200, 30, 10), np.uint8)
    assert corrupt(red, "swapped_channels", 5, seed=0)[0, 0].tolist() == [10, 30, 200]


def test_contrast_at_the_worst_keeps_a_twentieth():
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4] = 200
    spoilt = corrupt(image, "contrast", 5, seed=0)
    assert (int(spoilt[0, 0, 0]), int(spoilt[7, 0, 0])) == (105, 95)


def test_a_frozen_camera_repeats_one_frame():
    frames = [np.full((4, 4, 3), i, np.uint8) for i in range(20)]
    shown, stale = frozen(frames, 2, seed=0)
    first = stale.index(True)
    assert sum(stale) == HELD[1] == 6
    assert [int(frame[0, 0, 0]) for frame in shown[first : first + 6]] == [first - 1] * 6
    assert [int(f[0, 0, 0]) for f, old in zip(shown, stale, strict=True) if not old] == [
        i for i, old in enumerate(stale) if not old
    ]


@pytest.mark.parametrize("name, severity", [("rainbow", 1), ("fog", 0), ("fog", 6)])
def test_what_the_suite_does_not_have_is_refused(name, severity):
    with pytest.raises(BadInput):
        corrupt(street(), name, severity, seed=0)
