"""Principal components of frames, as an autoencoder."""

import pytest
import torch

from road_clarity.models.errors import BadInput
from road_clarity.models.pca import Pca, strongest


def pictures(count: int) -> torch.Tensor:
    """(count, 3, 8, 8) that are four patterns with random strengths 4, 3, 2, 1, and a grey."""
    torch.manual_seed(0)
    patterns = torch.linalg.qr(torch.randn(192, 4)).Q
    strengths = torch.randn(count, 4) * torch.tensor([4.0, 3.0, 2.0, 1.0])
    return (0.5 + strengths @ patterns.T).view(count, 3, 8, 8)


@pytest.fixture(scope="module")
def pca() -> Pca:
    net = Pca(side=8, latents=4)
    net.fit(pictures(500))
    return net


def test_points_on_a_line_vary_along_the_line():
    ways, variances = strongest(torch.tensor([[-3.0, -4.0], [0.0, 0.0], [3.0, 4.0]]), 1)
    assert ways[0].tolist() == pytest.approx([0.6, 0.8])
    assert variances.tolist() == pytest.approx([50 / 3])


def test_as_many_latents_as_there_are_patterns_lose_nothing(pca):
    x = pictures(500)
    assert float((pca.reconstruct(x) - x).abs().max()) < 1e-4


def test_latents_of_the_fitted_frames_have_no_mean_unit_variance_and_are_uncorrelated(pca):
    mu, logsigma = pca.encode(pictures(500))
    assert torch.allclose(mu.T @ mu / 500, torch.eye(4), atol=1e-3)
    assert mu.mean(0).abs().max() < 1e-4
    assert logsigma.shape == mu.shape


def test_the_strongest_pattern_is_the_first_latent(pca):
    assert pca.variance.sqrt().tolist() == pytest.approx([4, 3, 2, 1], rel=0.1)


def test_a_picture_is_the_sum_of_its_latents_pictures(pca):
    z = torch.randn(2, 4)
    added = torch.einsum("bd,dchw->bchw", z, pca.latent_maps())
    assert torch.allclose(pca.decode(z) - pca.decode(torch.zeros(1, 4)), added, atol=1e-5)


def test_frames_that_do_not_differ_are_refused():
    with pytest.raises(BadInput, match="with 0 independent modes"):
        Pca(side=8, latents=4).fit(torch.full((20, 3, 8, 8), 0.5))
