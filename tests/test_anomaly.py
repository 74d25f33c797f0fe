"""Strangeness: what counts, what does not, where it is, and what it says about odd frames."""

import math

import numpy as np
import pytest
import torch

from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.vae import Vae
from road_clarity.safety import anomaly
from road_clarity.safety.error_region import error_region, error_share
from road_clarity.training.odd_frames import ODD
from road_clarity.training.world_card import auroc


def test_the_error_map_is_the_mean_over_colours():
    x = torch.zeros(1, 3, 2, 2)
    x[0, 0, 0, 0] = 0.6  # one colour of one pixel
    assert anomaly.error_map(x, torch.zeros_like(x))[0].tolist() == [
        [pytest.approx(0.12), 0.0],
        [0.0, 0.0],
    ]


def test_smoothing_leaves_an_even_error_alone_even_at_the_border():
    assert torch.allclose(anomaly.smooth(torch.full((1, 8, 8), 0.3)), torch.full((1, 8, 8), 0.3))


def test_the_tail_is_the_mean_of_the_largest_tenth():
    error = torch.arange(100.0).reshape(1, 10, 10)
    assert float(anomaly.tail_score(error)) == 94.5  # 90 ... 99


def test_a_frame_redrawn_as_its_own_grey_is_wholly_unexplained():
    x = torch.rand(1, 3, 64, 64)
    grey = x.mean((2, 3), keepdim=True).expand_as(x)
    error = anomaly.error_map(x, grey)
    assert float(anomaly.unexplained(x, error)) == pytest.approx(1.0, rel=1e-3)
    assert float(anomaly.unexplained(x, 0 * error)) == 0.0


def test_what_lies_below_calm_hardly_counts_and_one_large_score_outweighs_many_small():
    rows = torch.tensor([[-9.0, -9.0, -9.0], [0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [-1.0, -1.0, 9.0]])
    strange = anomaly.strangeness(rows)
    assert float(strange[0]) < 1e-6
    assert float(strange[1]) == pytest.approx(3 * math.log(2) ** 2)
    assert strange.argsort().tolist() == [0, 1, 2, 3]


@pytest.fixture
def world() -> tuple[Vae, LatentLstm]:
    """An untrained world model that holds grey noise for calm."""
    torch.manual_seed(0)
    vae, lstm = Vae().eval().requires_grad_(False), LatentLstm().eval().requires_grad_(False)
    x = 0.5 + 0.1 * torch.randn(40, 3, 64, 64)
    mu, _ = vae.encode(x)
    vae.calm_latent.fit(mu)
    vae.calm_pixels.fit(anomaly.log_smooth(anomaly.error_map(x, vae.decode(mu))))
    scores = anomaly.look(vae, x).scores
    vae.calm_still.fit(scores)
    vae.calm.fit(anomaly.strangeness(anomaly.still_deviations(vae, scores)))
    lstm.calm_change.fit(mu[1:] - mu[:-1])
    surprise = anomaly.surprise(lstm, mu[:-1], mu[1:])
    lstm.calm_motion.fit(surprise.log()[:, None])
    lstm.calm_surprise.fit(surprise)
    moving = anomaly.moving_deviations(vae, lstm, scores[1:], surprise)
    lstm.calm.fit(anomaly.strangeness(moving))
    return vae, lstm


def verdict(world, x, surprise):
    return anomaly.judge(*world, anomaly.look(world[0], x).scores, surprise)


def test_while_there_is_no_prediction_only_the_frame_itself_counts(world):
    found = verdict(world, 0.5 + 0.1 * torch.randn(1, 3, 64, 64), math.nan)
    assert math.isnan(found.surprise_p)
    assert found.p_value == found.error_p > 0.05


def test_a_frame_unlike_calm_ones_is_as_rare_as_can_be_told_from_forty(world):
    found = verdict(world, torch.eye(64).expand(1, 3, 64, 64), math.nan)
    assert found.error_p == pytest.approx(1 / 41)


def test_a_leap_of_the_latent_makes_a_calm_frame_strange(world):
    calm = 0.5 + 0.1 * torch.randn(1, 3, 64, 64)
    assert verdict(world, calm, 1e4).p_value == pytest.approx(1 / 40)
    assert verdict(world, calm, 1e-3).p_value > 0.05


def test_an_uncalibrated_world_model_says_nothing():
    torch.manual_seed(0)
    found = verdict((Vae(), LatentLstm()), torch.rand(1, 3, 64, 64), 1.0)
    assert all(math.isnan(p) for p in (found.error_p, found.surprise_p, found.p_value))


def test_the_region_is_where_the_error_is_in_pixels_of_the_source():
    error = np.zeros((64, 64), np.float32)
    error[20:30, 40:50] = 1.0
    x0, y0, x1, y1 = error_region(error, (640, 320))
    assert (x0, x1) == pytest.approx((400, 500), abs=20)
    assert (y0, y1) == pytest.approx((100, 150), abs=10)


def test_of_two_regions_the_one_with_more_error_is_named():
    error = np.zeros((64, 64), np.float32)
    error[5:10, 5:10] = 1.0  # as high, but smaller
    error[30:50, 30:50] = 1.0
    assert error_region(error, (64, 64)) == pytest.approx((30, 30, 50, 50), abs=2)


def test_a_frame_without_error_has_no_region():
    assert error_region(np.zeros((64, 64), np.float32), (640, 480)) is None


def test_half_of_an_even_error_lies_in_half_of_the_frame():
    even = np.full((64, 64), 0.2, np.float32)
    assert error_share(even, (640, 480), (0, 0, 320, 480)) == pytest.approx(0.5)
    assert error_share(even, (640, 480), (0, 0, 5, 480)) == pytest.approx(5 / 640)


def test_auroc_is_the_share_of_pairs_in_the_right_order_ties_half():
    assert auroc(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0])) == 0.875


@pytest.mark.parametrize("kind", ODD)
def test_odd_frames_keep_their_shape_and_differ(kind):
    rng = np.random.default_rng(0)
    calm = rng.integers(1, 255, (2, 128, 128, 3), dtype=np.uint8)
    odd = ODD[kind](calm, rng)
    assert (odd.shape, odd.dtype) == (calm.shape, calm.dtype)
    assert (odd != calm).any()


def test_shuffling_keeps_every_pixel():
    rng = np.random.default_rng(0)
    calm = rng.integers(0, 255, (1, 128, 128, 3), dtype=np.uint8)
    odd = ODD["shuffled"](calm, rng)
    assert (np.sort(odd.ravel()) == np.sort(calm.ravel())).all()
