"""How far ahead the world model sees: dreams against two guesses that need no memory."""

import math

import pytest
import torch

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm, go_on
from road_clarity.models.pca import Pca
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.models.vae import Vae
from road_clarity.safety.horizon import forecast, horizon_errors


class Grey(Autoencoder):
    """Its only latent is the brightness of the frame."""

    def __init__(self) -> None:
        super().__init__(side=4, latents=1)

    def encode(self, x):
        mu = x.mean((1, 2, 3))[:, None]
        return mu, torch.zeros_like(mu)

    def decoder_features(self, z):
        return [z[:, :, None, None].expand(-1, 3, 4, 4)]


def pushing(change: float) -> LatentLstm:
    """Expects every latent to grow by so much."""
    memory = LatentLstm(latents=1).requires_grad_(False)
    memory.head.bias.fill_(change)
    return memory


def brightening(frames: int, per_frame: float) -> torch.Tensor:
    return (per_frame * torch.arange(frames))[:, None, None, None].expand(-1, 3, 4, 4)


def test_latents_go_on_as_they_last_moved():
    before, z = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    assert go_on(before, z, horizon=3).tolist() == [[[5.0, 0.0], [7.0, 0.0], [9.0, 0.0]]]


def test_a_light_that_grows_is_copied_wrongly_by_as_much_as_it_grew():
    found = horizon_errors(Grey(), pushing(0.0), brightening(32, 0.01), [0.5, 1.0, 2.0])
    assert found.dreamt.shape == (2, 3)  # after 10 frames and before the last 20
    assert found.copied[0].tolist() == pytest.approx([0.05**2, 0.1**2, 0.2**2], rel=1e-4)
    assert torch.allclose(found.dreamt, found.copied, atol=1e-6)
    assert float(found.steady.max()) < 1e-9


def test_who_knows_how_it_grows_makes_no_error():
    found = horizon_errors(Grey(), pushing(0.01), brightening(40, 0.01), [0.5, 2.0])
    assert float(found.dreamt.max()) < 1e-9


def test_no_guess_is_brighter_than_white():
    light = brightening(20, 0.1).clamp(max=1.0)
    found = horizon_errors(Grey(), pushing(0.1), light, [0.5], primed=1)
    assert float(found.dreamt[6:].max()) < 1e-9  # from frame 10 on, all is white


def test_a_dream_from_the_fourth_step_knows_the_three_before():
    torch.manual_seed(0)
    memory = LatentLstm().requires_grad_(False)
    torch.nn.init.normal_(memory.head.weight, std=0.1)
    mu = torch.randn(6, 32)
    _, state = memory(mu[None, :3])
    alone = memory.dream(mu[None, 3], state, 4)
    assert torch.allclose(forecast(memory, mu, first=3, horizon=4)[:1], alone, atol=1e-6)


@pytest.mark.parametrize("network", [RgBackbone(), Pca()])
def test_a_backbone_that_was_never_fitted_is_refused(network):
    with pytest.raises(BadInput, match="was never fitted"):
        horizon_errors(network, LatentLstm(), torch.rand(40, 3, 64, 64))


@pytest.mark.parametrize(
    "frames, said",
    [
        (torch.rand(30, 3, 64, 64), "clip of 30 frames: needs 31, that is 3.1 s"),
        (torch.rand(31, 3, 32, 64), "frames of shape"),
        (torch.full((31, 3, 64, 64), math.nan), "frame 0: has values that are no numbers"),
    ],
)
def test_a_clip_that_cannot_be_used_is_refused_in_one_sentence(frames, said):
    with pytest.raises(BadInput, match=said):
        horizon_errors(Vae().eval(), LatentLstm(), frames)


def test_a_memory_for_another_number_of_latents_is_refused():
    with pytest.raises(BadInput, match="latents 1: the autoencoder has 32"):
        horizon_errors(Vae().eval(), pushing(0.0), torch.rand(31, 3, 64, 64))
