"""What a memory did: gates set by hand must be read off, a unit that matters must be missed."""

import math

import pytest
import torch
from torch import nn

from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import HIDDEN_SIZE, LatentLstm
from road_clarity.safety.prediction_dynamics import (
    ablation,
    dynamics,
    memory_s,
    memory_steps,
    saturation,
    trajectory,
)


@pytest.fixture
def blank() -> LatentLstm:
    """All weights 0: every gate is half open."""
    memory = LatentLstm(2)
    for parameter in memory.parameters():
        nn.init.zeros_(parameter)
    return memory


def test_gates_are_read_off_as_they_were_set(blank):
    with torch.no_grad():
        blank.lstm.bias_ih_l0[HIDDEN_SIZE : 2 * HIDDEN_SIZE] = math.log(19)  # forget gate 0.95
    seen = dynamics(blank, torch.zeros(4, 2))
    assert seen.keep.shape == (4, HIDDEN_SIZE)
    assert seen.enter[3, 0].item() == 0.5
    assert seen.keep[3, 0].item() == pytest.approx(0.95)
    assert memory_steps(seen.keep)[0].item() == pytest.approx(20.0, rel=1e-5)
    assert memory_s(seen.keep)[0].item() == pytest.approx(2.0, rel=1e-5)


def test_dynamics_are_those_of_the_network():
    torch.manual_seed(0)
    memory, z = LatentLstm(2), torch.randn(6, 2)
    with torch.no_grad():
        hidden, (_, cell) = memory.lstm(z)
    seen = dynamics(memory, z)
    assert (seen.hidden - hidden).abs().max() < 1e-6
    assert (seen.cell[-1] - cell[0]).abs().max() < 1e-6
    assert (seen.show * seen.cell.tanh() - seen.hidden).abs().max() < 1e-6


def test_saturation_counts_moments_beyond_a_tenth():
    gate = torch.tensor([[0.05, 0.5], [0.95, 0.5], [0.97, 0.95], [0.5, 0.5]])
    shut, wide = saturation(gate)
    assert shut.tolist() == [0.25, 0.0]
    assert wide.tolist() == [0.5, 0.25]


def test_a_state_that_walks_a_line_has_one_direction():
    line = torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    way = trajectory(line)
    assert way.explained.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert way.points[:, 0].tolist() == pytest.approx([-5.0, 0.0, 5.0], abs=1e-5)


def test_the_unit_that_predicts_is_missed_and_no_other(blank):
    with torch.no_grad():
        blank.lstm.bias_ih_l0[2 * HIDDEN_SIZE + 7] = 1.0  # the candidate of unit 7
        blank.head.weight[0, 7] = 1.0
    z = torch.zeros(5, 2)
    z[1:, 0] = dynamics(blank, z)[4][:4, 7].cumsum(0)  # the road does what unit 7 says
    missed = ablation(blank, z)
    told = dynamics(blank, z)[4][:4, 7]
    assert missed[7].item() == pytest.approx(told.square().mean().item() / 2)
    assert missed[:7].abs().max() == 0.0


@pytest.mark.parametrize(
    ("z", "named"),
    [
        (torch.zeros(0, 2), "0 steps"),
        (torch.full((3, 2), math.nan), "step 0"),
        (torch.zeros(3, 5), "take the memory made for this code"),
    ],
)
def test_latents_that_cannot_be_explained_are_named(blank, z, named):
    with pytest.raises(BadInput, match=named):
        dynamics(blank, z)


def test_two_steps_are_no_trajectory():
    with pytest.raises(BadInput, match="needs 3"):
        trajectory(torch.zeros(2, 4))
