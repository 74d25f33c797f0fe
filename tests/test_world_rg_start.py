"""A VAE that begins with what the transparent backbone knows."""

import pytest
import torch

from road_clarity.models.rg_backbone import CoarseGraining, RgBackbone
from road_clarity.models.vae import Vae
from road_clarity.training.world_rg_start import begin_layer, ridge


@pytest.fixture
def scale() -> CoarseGraining:
    """The finest, with made-up modes."""
    torch.manual_seed(0)
    made = RgBackbone().grainings()[0]
    made.filters.copy_(torch.randn_like(made.filters))
    made.mean.copy_(torch.rand_like(made.mean))
    return made


def test_a_mode_and_its_negative_behind_relu_are_the_mode(scale):
    x, layer = torch.rand(1, 3, 64, 64), Vae().encoder[0].requires_grad_(False)
    begin_layer(layer, scale, signs=1)
    seen = layer(x).relu()
    shifted = scale.encode(x[:, :, 1:63, 1:63])  # blocks lie one pixel farther in
    assert torch.allclose(seen[:, :10] - seen[:, 10:20], shifted, atol=1e-5)


def test_the_next_layer_coarse_grains_what_the_first_one_says():
    torch.manual_seed(0)
    backbone, vae = RgBackbone(), Vae().requires_grad_(False)
    for scale, layer, signs in zip(backbone.grainings(), vae.encoder, (1, 2), strict=False):
        scale.filters.copy_(torch.randn_like(scale.filters))
        begin_layer(layer, scale, signs)
    x = torch.rand(1, 3, 64, 64)
    seen = vae.encoder_features(x)[1]
    first = backbone.grainings()[0].encode(x[:, :, 1:63, 1:63])
    second = backbone.grainings()[1].encode(first[:, :, 1:29, 1:29])
    assert torch.allclose(seen[:, :32] - seen[:, 32:], second, atol=1e-3)


def test_a_linear_relation_is_found_from_its_examples():
    torch.manual_seed(0)
    x = torch.randn(200, 3)
    weight, bias = ridge(x, x @ torch.tensor([[2.0], [0.0], [-1.0]]) + 4)
    assert weight[0].tolist() == pytest.approx([2.0, 0.0, -1.0], abs=0.01)
    assert bias.tolist() == pytest.approx([4.0], abs=0.01)
