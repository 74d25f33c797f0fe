"""The transparent backbone: orthogonal, and honest to the last bit of its error."""

import copy

import pytest
import torch

from road_clarity.models.autoencoder import check_weights
from road_clarity.models.errors import BadInput
from road_clarity.models.mode_couplings import products
from road_clarity.models.rg_backbone import Moments, RgBackbone


def street(count: int, side: int = 64, seed: int = 0) -> torch.Tensor:
    """(count, 3, side, side): smooth random pictures with a little grain."""
    torch.manual_seed(seed)
    coarse = torch.rand(count, 3, 8, 8)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    return (smooth + 0.02 * torch.randn_like(smooth)).clamp(0, 1)


@pytest.fixture(scope="module")
def backbone() -> RgBackbone:
    net = RgBackbone(latents=32)
    net.fit(street(400))
    return net.eval()


def test_the_strongest_mode_of_points_on_a_line_is_the_line():
    moments = Moments(2)
    moments.add(torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]))
    modes = moments.strongest(1)
    assert modes.mean.tolist() == [3.0, 4.0]
    assert modes.vectors[:, 0].tolist() == pytest.approx([0.6, 0.8])
    assert modes.variances.tolist() == pytest.approx([50 / 3])
    assert modes.dropped == pytest.approx(0.0, abs=1e-9)


def test_a_point_of_weight_three_counts_as_three_points():
    moments = Moments(2)
    moments.add(torch.tensor([[0.0, 0.0], [4.0, 0.0]]), torch.tensor([3.0, 1.0]))
    modes = moments.strongest(1)
    assert modes.mean.tolist() == [1.0, 0.0]
    assert modes.variances.tolist() == pytest.approx([3.0])


def test_latents_of_the_fitted_frames_have_no_mean_and_unit_variance(backbone):
    mu, _ = backbone.encode(street(400))
    assert mu.mean(0).abs().max() < 1e-4
    assert (mu.var(0, correction=0) - 1).abs().max() < 1e-3


def test_the_squared_error_is_the_sum_of_what_every_scale_and_place_dropped(backbone):
    x = street(8, seed=1)
    error = (x - backbone.reconstruct(x)).square().sum((1, 2, 3))
    budget = backbone.error_budget(x)
    lost = sum(part.flatten(1).sum(1) for part in (*budget.scales, budget.top))
    assert (lost / error - 1).abs().max() < 1e-5
    assert [tuple(part.shape[1:]) for part in budget.scales] == [(32, 32), (16, 16), (8, 8), (4, 4)]


@pytest.fixture(scope="module")
def curved(backbone) -> RgBackbone:
    """The same with made-up couplings among its latents."""
    net = copy.deepcopy(backbone)
    torch.manual_seed(2)
    net.couplings.copy_(0.1 * torch.randn_like(net.couplings))
    return net


def test_a_picture_is_the_sum_of_the_pictures_of_its_latents_and_of_their_pairs(curved):
    z = torch.randn(4, 32).clamp(-3, 3)
    single = torch.einsum("bd,dchw->bchw", z, curved.latent_maps())
    of_pairs = [curved.pair_map(i, j) for i in range(32) for j in range(i, 32)]
    pairs = torch.einsum("bp,pchw->bchw", products(z), torch.stack(of_pairs))
    added = curved.decode(z) - curved.decode(torch.zeros(1, 32))
    assert (added - single - pairs).abs().max() < 1e-4
    assert pairs.abs().max() > 0.1


def test_a_pair_has_one_picture_whichever_latent_is_named_first(curved):
    assert torch.equal(curved.pair_map(3, 7), curved.pair_map(7, 3))


def test_the_local_picture_of_a_latent_is_the_slope_of_every_pixel(curved):
    z, step = torch.randn(32).clamp(-2.9, 2.9), 0.05
    one_each = step * torch.eye(32)
    slopes = (curved.decode(z + one_each) - curved.decode(z - one_each)) / (2 * step)
    assert (curved.local_maps(z) - slopes).abs().max() < 1e-4


def test_couplings_change_no_latent_and_the_budget_stays_exact(backbone, curved):
    x = street(8, seed=1)
    assert torch.equal(curved.encode(x)[0], backbone.encode(x)[0])
    assert (curved.encode(curved.reconstruct(x))[0] - curved.encode(x)[0]).abs().max() < 1e-3
    error = (x - curved.reconstruct(x)).square().sum((1, 2, 3))
    budget = curved.error_budget(x)
    lost = sum(part.flatten(1).sum(1) for part in (*budget.scales, budget.top))
    assert (lost / error - 1).abs().max() < 1e-5


def test_pictures_without_couplings_among_their_modes_get_none(backbone):
    assert not backbone.couplings.any()  # a linear mix of patterns: left-out frames said so


def test_a_backbone_that_was_never_fitted_is_refused():
    with pytest.raises(BadInput, match="never fitted"):
        check_weights(RgBackbone())


def test_fine_stripes_in_one_corner_are_lost_at_the_first_scale_in_that_corner(backbone):
    x = backbone.decode(torch.zeros(1, 32)).detach()
    stripes = torch.tensor([0.2, -0.2]).repeat(8)
    x[:, :, 48:, 48:] += stripes[:, None] * stripes.sign()  # a checkerboard of single pixels
    lost = backbone.error_budget(x).scales[0][0]
    assert lost[24:, 24:].sum() > 0.99 * lost.sum()


def test_the_middle_of_all_latents_is_the_mean_frame(backbone):
    mu, _ = backbone.encode(street(400).mean(0, keepdim=True))
    assert mu.abs().max() < 1e-3


def test_a_frame_that_varies_more_than_it_keeps_is_uncertain_by_the_noise(backbone):
    _, logsigma = backbone.encode(street(2))
    assert logsigma.shape == (2, 32)
    assert (logsigma.diff(dim=1) >= 0).all()  # weaker latents are less certain


def test_too_few_frames_are_refused_by_what_they_lack():
    with pytest.raises(BadInput, match="independent modes"):
        RgBackbone().fit(street(20))


def test_large_frames_have_one_scale_more():
    net = RgBackbone(side=128, latents=8)
    net.fit(street(60, side=128) + 0.05 * torch.rand(60, 3, 128, 128))
    assert net.reconstruct(street(2, side=128)).shape == (2, 3, 128, 128)
    assert len(net.scales) == 5
