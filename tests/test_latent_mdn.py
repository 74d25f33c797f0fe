"""The memory that knows of several futures."""

import math

import pytest
import torch

from road_clarity.models.latent_mdn import LatentMdn, Mixture
from road_clarity.models.registry import build


def coin(apart: float, deviation: float = 0.01) -> Mixture:
    """One latent that is next at -apart or at +apart, with even chances."""
    weight = torch.tensor([[[0.5, 0.5]]]).log()
    mean = torch.tensor([[[-apart, apart]]])
    return Mixture(weight, mean, torch.full((1, 1, 2), math.log(deviation)))


@pytest.fixture
def memory() -> LatentMdn:
    torch.manual_seed(0)
    net = LatentMdn().eval().requires_grad_(False)
    torch.nn.init.normal_(net.head.weight, std=0.1)
    return net


def test_before_training_it_expects_that_nothing_changes():
    net, z = build("latent_mdn_256"), torch.randn(2, 5, 32)
    assert torch.allclose(net(z)[0], z, atol=1e-6)


def test_the_weights_of_every_latent_add_up_to_one(memory):
    mixture, _ = memory.mixture(torch.randn(1, 4, 32))
    assert mixture.mean.shape == (1, 4, 32, 5)
    assert torch.allclose(mixture.log_weight.exp().sum(-1), torch.ones(1, 4, 32))


def test_one_drive_alone_is_answered_as_among_others(memory):
    z = torch.randn(3, 6, 32)
    together, alone = memory.mixture(z)[0], memory.mixture(z[:1])[0]
    assert all(torch.allclose(a[:1], b, atol=1e-6) for a, b in zip(together, alone, strict=True))


def test_the_surprise_of_a_standard_bell_at_its_middle():
    bell = Mixture(torch.zeros(1, 2, 1), torch.zeros(1, 2, 1), torch.zeros(1, 2, 1))
    assert float(bell.nll(torch.zeros(1, 2))) == pytest.approx(math.log(2 * math.pi))


def test_between_two_futures_is_the_mean_but_no_future():
    futures = coin(apart=1.0)
    assert float(futures.expected()) == pytest.approx(0.0, abs=1e-6)
    assert float(futures.nll(torch.tensor([[1.0]]))) < 0 < float(futures.nll(torch.zeros(1, 1)))


def test_a_sample_is_one_of_the_futures():
    chance, futures = torch.Generator().manual_seed(0), coin(apart=1.0)
    seen = {round(float(futures.sample(1.0, chance))) for _ in range(50)}
    assert seen == {-1, 1}


def test_a_cold_sample_is_the_likeliest_future_itself():
    weight = torch.tensor([[[0.3, 0.7]]]).log()
    cold = coin(1.0)._replace(log_weight=weight).sample(0.0)
    assert cold.tolist() == [[1.0]]


def test_heat_widens_by_its_root():
    chance = torch.Generator().manual_seed(0)
    many = Mixture(*(part.expand(4000, 1, 2) for part in coin(0.0, deviation=0.5)))
    assert float(many.sample(4.0, chance).std()) == pytest.approx(1.0, rel=0.05)


def test_the_same_chance_dreams_the_same_dream(memory):
    z = torch.randn(1, 32)
    ways = [memory.dream_one(z, None, 5, 1.0, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(ways[0], ways[1]) and not torch.equal(ways[0], ways[2])


def test_a_cold_dream_needs_no_chance_and_dreams_on_its_likeliest_futures(memory):
    z = torch.randn(2, 32)
    first = memory.mixture(z[:, None])[0].sample(0.0)[:, 0]
    assert torch.equal(memory.dream_one(z, None, 3, 0.0)[:, 0], first)
