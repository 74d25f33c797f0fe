"""How early a frame could be seen coming."""

import pytest
from tiny_world import streets, tiny_vae

from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.safety.foresight import foresight


def standing(count):
    """The same street again and again."""
    return streets(1).repeat(count, 1, 1, 1)


def test_a_scene_that_stands_still_is_foreseen_by_all_from_everywhere():
    seen = foresight(tiny_vae(), LatentLstm(4).eval(), standing(10))  # untrained: nothing changes
    assert seen.copied.tolist() == [0.0] * 4
    assert seen.dreamt.tolist() == pytest.approx([seen.redrawn] * 4)
    assert seen.steady.tolist() == pytest.approx([seen.redrawn] * 4)


def test_the_frame_of_then_is_as_wrong_as_the_frames_differ():
    x = standing(10)
    x[-3:] += 0.5  # a light goes on: two steps before the last it was on already
    seen = foresight(tiny_vae(), LatentLstm(4).eval(), x)
    assert seen.copied.tolist() == pytest.approx([0.0, 0.0, 0.25, 0.25])


def test_at_most_two_seconds_are_looked_back():
    assert len(foresight(tiny_vae(), LatentLstm(4).eval(), standing(60)).dreamt) == 20


def test_too_little_before_the_frame_is_refused():
    with pytest.raises(BadInput, match="clip of 6 frames: needs 7"):
        foresight(tiny_vae(), LatentLstm(4).eval(), standing(6))
