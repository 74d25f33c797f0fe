"""Relevance goes back to the steps that said something, and none of it gets lost."""

import pytest
import torch
from torch import nn

from road_clarity.models.lstm_relevance import relevance, run


@pytest.fixture
def memory() -> tuple[nn.LSTM, nn.Linear]:
    torch.manual_seed(0)
    return nn.LSTM(5, 16, batch_first=True).double(), nn.Linear(16, 3).double()


def test_taken_apart_the_lstm_says_the_same(memory):
    x = torch.randn(2, 7, 5, dtype=torch.float64)
    whole, (hidden, cell) = memory[0](x)
    steps = run(memory[0], x)
    assert (torch.stack(steps.hidden[1:], 1) - whole).abs().max() < 1e-12
    assert (steps.cell[-1] - cell[0]).abs().max() < 1e-12
    assert (steps.hidden[-1] - hidden[0]).abs().max() < 1e-12


@pytest.mark.claim("exact")
@pytest.mark.parametrize("steps", [1, 2, 30])
def test_no_relevance_is_lost_when_biases_hand_theirs_on(memory, steps):
    x = torch.randn(4, steps, 5, dtype=torch.float64)
    outputs = torch.randn(4, 3, dtype=torch.float64)
    found = relevance(*memory, x, outputs, charge_biases=True)
    total = found.inputs.sum((1, 2)) + found.start
    assert (total - outputs.sum(1)).abs().max() < 1e-9


def test_an_input_of_zero_is_not_to_blame(memory):
    x = torch.randn(1, 6, 5, dtype=torch.float64)
    x[:, :, 2] = 0.0
    found = relevance(*memory, x, torch.ones(1, 3, dtype=torch.float64))
    assert (found.inputs[:, :, 2] == 0).all()
    assert (found.inputs[:, :, 1] != 0).all()


def test_a_memory_that_forgets_at_once_blames_the_last_step_only(memory):
    lstm, head = memory
    with torch.no_grad():
        lstm.bias_ih_l0[16:32] = -60.0  # forget gate
        lstm.weight_hh_l0.zero_()
    x = torch.randn(1, 6, 5, dtype=torch.float64)
    found = relevance(lstm, head, x, torch.ones(1, 3, dtype=torch.float64)).inputs
    assert (found[:, :5].abs() < 1e-12).all()
    assert (found[:, 5] != 0).any()


def test_one_unit_hands_its_relevance_to_the_input_that_filled_it():
    lstm, head = nn.LSTM(2, 1, batch_first=True).double(), nn.Linear(1, 1).double()
    for parameter in (*lstm.parameters(), *head.parameters()):
        nn.init.zeros_(parameter)
    with torch.no_grad():
        lstm.weight_ih_l0[2] = torch.tensor([3.0, 1.0])  # the candidate hears 3 : 1
        head.weight.fill_(1.0)
    found = relevance(lstm, head, torch.ones(1, 1, 2).double(), torch.ones(1, 1).double())
    assert (found.inputs[0, 0, 0] / found.inputs[0, 0, 1]).item() == pytest.approx(3.0)


def test_relevance_is_that_of_one_unit_times_the_input(memory):
    x = torch.randn(2, 6, 5, dtype=torch.float64)
    found = relevance(*memory, x, torch.ones(2, 3, dtype=torch.float64))
    assert (found.per_unit * x - found.inputs).abs().max() < 1e-12
