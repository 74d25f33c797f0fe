"""The world model's memory."""

import pytest
import torch

from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.registry import build


@pytest.fixture
def lstm() -> LatentLstm:
    torch.manual_seed(0)
    net = LatentLstm().eval().requires_grad_(False)
    torch.nn.init.normal_(net.head.weight, std=0.1)
    return net


def test_before_training_it_expects_that_nothing_changes():
    net, z = build("latent_lstm_256"), torch.randn(2, 5, 32)
    assert torch.equal(net(z)[0], z)


def test_a_constant_push_on_the_head_adds_up_along_a_dream():
    net = LatentLstm().requires_grad_(False)
    net.head.bias.fill_(0.5)
    dream = net.dream(torch.zeros(1, 32), None, horizon=4)
    assert dream[0, :, 7].tolist() == [0.5, 1.0, 1.5, 2.0]


def test_stepping_through_a_drive_is_the_same_as_reading_it_at_once(lstm):
    z, state, steps = torch.randn(1, 6, 32), None, []
    for t in range(6):
        following, state = lstm.step(z[:, t], state)
        steps.append(following)
    assert torch.allclose(torch.stack(steps, 1), lstm(z)[0], atol=1e-6)


def test_the_first_step_of_a_dream_is_the_prediction(lstm):
    z = torch.randn(3, 32)
    assert torch.equal(lstm.dream(z, None, 5)[:, 0], lstm.step(z, None)[0])
