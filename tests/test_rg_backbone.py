"""The transparent backbone: linear, orthogonal, and honest to the last bit of its error."""

import pytest
import torch

from road_clarity.models.errors import BadInput
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


def test_a_picture_is_the_sum_of_its_latents_pictures(backbone):
    z = torch.randn(4, 32)
    pictures = torch.einsum("bd,dchw->bchw", z, backbone.latent_maps())
    assert (backbone.decode(z) - backbone.decode(torch.zeros(1, 32)) - pictures).abs().max() < 1e-4


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
