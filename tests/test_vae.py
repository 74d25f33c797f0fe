"""The world model's autoencoder: the published sizes, and what calm means to it."""

import math

import pytest
import torch

from road_clarity.models.nominal import CalmScores, CalmSpread, Whitening, calibration_id
from road_clarity.models.registry import build
from road_clarity.models.vae import Vae, elbo_loss


@pytest.fixture(scope="module")
def vae() -> Vae:
    torch.manual_seed(0)
    return Vae().eval()


def test_it_has_as_many_parameters_as_the_one_of_world_models():
    assert sum(p.numel() for p in build("vae_64").parameters()) == 4_348_547


def test_the_picture_shrinks_to_two_pixels_and_grows_back(vae):
    with torch.no_grad():
        down = [tuple(f.shape[1:]) for f in vae.encoder_features(torch.rand(1, 3, 64, 64))]
        up = [tuple(f.shape[1:]) for f in vae.decoder_features(torch.zeros(1, 32))]
    assert down == [(32, 31, 31), (64, 14, 14), (128, 6, 6), (256, 2, 2)]
    assert up == [(128, 5, 5), (64, 13, 13), (32, 30, 30), (3, 64, 64)]


def test_the_large_one_draws_four_times_the_pixels():
    large = Vae(side=128).eval()
    with torch.no_grad():
        down = [f.shape[-1] for f in large.encoder_features(torch.rand(1, 3, 128, 128))]
        up = [f.shape[-1] for f in large.decoder_features(torch.zeros(1, 32))]
    assert (down, up) == ([63, 30, 14, 6, 2], [5, 13, 30, 63, 128])


def test_the_same_frame_is_always_redrawn_the_same_way(vae):
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(vae.reconstruct(x), vae.reconstruct(x))
        assert not torch.equal(vae(x)[0], vae(x)[0])  # training draws a new latent each time


def test_a_perfect_picture_of_a_standard_latent_costs_nothing():
    x, still = torch.rand(4, 3, 64, 64), torch.zeros(4, 32)
    assert elbo_loss(x, x, still, still, beta=1.0) == 0.0


def test_a_latent_one_from_the_origin_costs_half_a_nat_per_dimension():
    x, still = torch.rand(4, 3, 64, 64), torch.zeros(4, 32)
    assert elbo_loss(x, x, torch.ones(4, 32), still, beta=1.0) == 16.0
    assert elbo_loss(x, x, torch.ones(4, 32), still, beta=0.25) == 4.0


def test_one_grey_level_in_ten_costs_a_hundredth_per_value():
    x, still = torch.zeros(2, 3, 64, 64), torch.zeros(2, 32)
    assert float(elbo_loss(x + 0.1, x, still, still, beta=1.0)) == pytest.approx(122.88)


def test_a_p_value_counts_the_calm_frames_that_are_at_least_as_strange():
    calm = CalmScores()
    calm.fit(torch.arange(1023.0))
    assert calm.p_value(-1.0) == 1.0
    assert calm.p_value(1022.0) == pytest.approx(2 / 1024)
    assert calm.p_value(5000.0) == 1 / 1024


def test_few_calm_frames_never_make_a_frame_stranger_than_one_in_their_number():
    calm = CalmScores()
    calm.fit(torch.tensor([1.0, 2.0, 3.0]))
    assert calm.p_value(9.0) == 0.25
    assert calm.p_value(0.0) == 1.0


def test_nothing_is_said_without_calibration_or_without_a_score():
    calm = CalmScores()
    assert math.isnan(calm.p_value(1.0))
    calm.fit(torch.ones(5))
    assert math.isnan(calm.p_value(math.nan))


def test_a_spread_measures_in_calm_deviations():
    spread = CalmSpread(1)
    spread.fit(torch.tensor([[1.0], [2.0], [3.0]]))
    assert spread(torch.tensor([[4.0]])).tolist() == [[2.0]]


def test_whitened_calm_vectors_lie_at_their_dimension():
    torch.manual_seed(0)
    calm = torch.randn(4000, 3) @ torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.5, 0.2], [0.0, 0.0, 2.0]])
    white = Whitening(3)
    white.fit(calm)
    assert float(white(calm).mean()) == pytest.approx(3.0, rel=0.01)


def test_a_silent_dimension_stays_silent():
    white = Whitening(2)
    white.fit(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))  # variances 2 and 0
    assert float(white(torch.tensor([[2.0, 0.0]]))) == pytest.approx(2.0)
    assert float(white(torch.tensor([[0.0, 0.01]]))) == pytest.approx(1.0)  # floor 1e-4


def test_the_calibration_has_a_name_that_changes_with_it():
    one, other = CalmScores(), CalmScores()
    one.fit(torch.tensor([1.0, 2.0]))
    other.fit(torch.tensor([1.0, 2.5]))
    names = {calibration_id(one), calibration_id(one), calibration_id(other)}
    assert len(names) == 2
    assert all(len(name) == 12 for name in names)
