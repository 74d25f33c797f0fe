"""The recipe of anomaly_edge on made facts: what it learns from, and whose calm it tells."""

import numpy as np
import pytest
import torch

from road_clarity.models.scene_novelty import BANK, COMBINED, FACTS, Facts
from road_clarity.training.anomaly_card import anomaly_card, auroc
from road_clarity.training.anomaly_fit import HeadConfig, calibrate, fitted, learn_weights, left_out
from road_clarity.training.anomaly_frames import chosen, shrunk
from road_clarity.training.anomaly_set import Seen, cached
from road_clarity.training.degraded_frames import DEGRADED, another_camera, degraded

SIZES = (128, 192, 5, 36, 3)
HEAD = HeadConfig(steps=30, decay=0.01, seed=0)


def facts(count, seed, shift=0.0):
    made = torch.randn(count, FACTS, generator=torch.Generator().manual_seed(seed))
    made[:, :40] += shift
    return Facts(*made.split(SIZES, dim=1))


def cameras():
    return {f"camera_{i}": Seen(facts(BANK, i), facts(60, 10 + i, shift=2.0)) for i in range(3)}


def test_left_out_cameras_are_judged_by_what_learnt_from_the_others():
    seen = cameras()
    judged = left_out(seen, HEAD)
    novelty = fitted(list(seen.values()), HEAD)
    calibrate(novelty, list(judged.values()))
    assert int(novelty.calm[COMBINED].frames) == 3 * BANK
    metrics = anomaly_card(novelty, judged, "", seed=0, seconds=1.0).metrics
    assert metrics["auroc_combined"] > 0.9
    assert metrics["auroc_exposure"] > 0.9


def test_only_the_scorer_that_tells_gets_weight():
    calm, spoilt = torch.randn(200, 2), torch.randn(200, 2)
    spoilt[:, 1] += 4.0
    quiet, loud = learn_weights(calm, spoilt).tolist()
    assert 0.0 <= quiet < 0.2 * loud


def test_three_of_four_pairs_are_three_quarters():
    assert auroc(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0])) == 0.75


def test_the_last_fifth_of_a_clip_is_never_learnt_from():
    assert chosen(100, 5) == [0, 20, 40, 59, 79]
    assert chosen(1, 5) == [0]


def test_frames_are_learnt_from_at_640_pixels():
    assert shrunk(np.zeros((720, 1280, 3), np.uint8)).shape == (360, 640, 3)
    assert shrunk(np.zeros((240, 320, 3), np.uint8)).shape == (240, 320, 3)


def test_what_was_looked_at_once_is_read_again(tmp_path):
    made = Seen(facts(2, 0), facts(3, 1))
    first = cached(tmp_path / "a.safetensors", lambda: made)
    again = cached(tmp_path / "a.safetensors", pytest.fail)
    assert torch.equal(first.spoilt.lane, again.spoilt.lane)


@pytest.mark.parametrize("kind", DEGRADED)
def test_spoilt_frames_keep_their_size_and_are_the_same_again(kind):
    image = np.random.default_rng(0).integers(60, 120, (90, 160, 3), dtype=np.uint8)
    one, two = (degraded(image, kind, np.random.default_rng(4)) for _ in range(2))
    assert (one.shape, one.dtype) == (image.shape, np.uint8)
    assert (one == two).all()
    assert (one != image).any()


def test_another_camera_has_another_size():
    image = np.random.default_rng(0).integers(60, 120, (90, 160, 3), dtype=np.uint8)
    seen = another_camera(image, np.random.default_rng(4))
    assert 320 <= seen.shape[1] <= 640
    assert seen.dtype == np.uint8
