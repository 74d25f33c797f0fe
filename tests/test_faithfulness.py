"""A true explanation names the pixels on which the answer hangs; here the answer is known."""

import pytest
import torch
from torch import nn

from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.safety.faithfulness import (
    area,
    deletion,
    insertion,
    points_at,
    randomised,
    rank_correlation,
    stability,
)


def brightness_of_the_first_row(pictures: torch.Tensor) -> torch.Tensor:
    return pictures[:, 0, 0].mean(1)


@pytest.fixture
def white() -> torch.Tensor:
    return torch.ones(3, 2, 2)


FIRST_ROW, LAST_ROW = torch.tensor([[4.0, 3.0], [2.0, 1.0]]), torch.tensor([[1.0, 2], [3, 4]])


def test_the_answer_falls_at_once_when_its_cause_is_taken_out_first(white):
    curve = deletion(brightness_of_the_first_row, white, FIRST_ROW, 0 * white, steps=4)
    assert curve.tolist() == [1.0, 0.5, 0.0, 0.0, 0.0]
    assert area(curve) == 0.25


def test_a_wrong_map_takes_out_the_cause_last(white):
    curve = deletion(brightness_of_the_first_row, white, LAST_ROW, 0 * white, steps=4)
    assert curve.tolist() == [1.0, 1.0, 1.0, 0.5, 0.0]


def test_the_answer_comes_back_with_its_cause(white):
    curve = insertion(brightness_of_the_first_row, white, FIRST_ROW, 0 * white, steps=4)
    assert curve.tolist() == [0.0, 0.5, 1.0, 1.0, 1.0]
    assert area(curve) == 0.75


def test_pointing_looks_at_the_largest_value_only():
    mask = torch.tensor([[[True, False, False]]] * 2)
    maps = torch.tensor([[[9.0, 8.0, 8.0]], [[0.0, 1.0, 0.0]]])
    assert points_at(maps, mask).tolist() == [True, False]
    assert points_at(maps, mask, margin_px=1).tolist() == [True, True]


def test_rank_correlation_hears_the_order_alone():
    assert rank_correlation(FIRST_ROW[None], FIRST_ROW[None].exp()).item() == pytest.approx(1.0)
    assert rank_correlation(FIRST_ROW[None], LAST_ROW[None]).item() == pytest.approx(-1.0)


def test_equal_values_share_their_rank():
    """Ranks 0.5, 0.5, 2, 3 against 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5)"""
    ties = torch.tensor([[[5.0, 5.0], [6.0, 7.0]]])
    order = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert rank_correlation(ties, order).item() == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert rank_correlation(torch.ones(1, 2, 2), order).item() == 0.0


def test_neighbouring_maps_are_compared_in_pairs():
    assert stability(torch.stack([FIRST_ROW, FIRST_ROW, LAST_ROW])).tolist() == pytest.approx(
        [1.0, -1.0]
    )


def test_a_randomised_network_has_the_same_numbers_elsewhere_and_its_model_is_untouched():
    network = nn.Linear(8, 8)
    before = network.weight.clone()
    blank = randomised(network, seed=1)
    assert (network.weight == before).all()
    assert not (blank.weight == before).all()
    assert blank.weight.flatten().sort().values.tolist() == before.flatten().sort().values.tolist()


def test_what_is_calm_stays_when_a_memory_forgets_what_it_learnt():
    memory = LatentLstm(4)
    memory.calm_change.fit(torch.randn(50, 4))
    matrix = memory.calm_change.get_buffer("matrix")
    assert (randomised(memory, seed=1).calm_change.get_buffer("matrix") == matrix).all()
