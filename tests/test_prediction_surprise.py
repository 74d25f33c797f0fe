"""How predictable the road was, and which latents came otherwise than expected."""

import math

import pytest
import torch

from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.pca import Pca
from road_clarity.safety import anomaly
from road_clarity.safety.prediction_surprise import (
    difference,
    growth,
    predictability,
    ranked,
    surprise_shares,
)


@pytest.fixture
def still() -> LatentLstm:
    """Expects that nothing changes; a calm change has deviation 1 in both latents."""
    memory = LatentLstm(2)
    memory.calm_change.get_buffer("mean").zero_()
    memory.calm_change.get_buffer("matrix").copy_(torch.eye(2))
    return memory


def test_shares_are_those_of_the_latents_that_moved(still):
    shares = surprise_shares(still, torch.zeros(1, 2), torch.tensor([[3.0, -1.0]]))
    assert shares.tolist() == [[9.0, 1.0]]
    assert ranked(shares[0]).tolist() == [0, 1]


def test_correlated_latents_share_their_surprise_and_it_still_adds_up(still):
    still.calm_change.get_buffer("matrix").copy_(torch.tensor([[2.0, 1.0], [1.0, 3.0]]))
    expected, seen = torch.zeros(1, 2), torch.tensor([[1.0, -1.0]])
    shares = surprise_shares(still, expected, seen)  # W W = [[5, 5], [5, 10]]
    assert shares.tolist() == [[0.0, 5.0]]
    assert shares.sum().item() == anomaly.surprise(still, expected, seen).item() == 5.0


def test_an_error_that_grows_e_fold_every_step_grows_at_ten_per_second():
    errors = torch.tensor([[math.e, math.e**2, math.e**3], [2.0, 2.0, 2.0]])
    assert growth(errors).tolist() == pytest.approx([10.0, 0.0], abs=1e-4)


def test_a_memory_that_expects_nothing_is_as_good_as_standing_still(still):
    z = torch.arange(8.0)[:, None].expand(-1, 2)  # both latents move by 1 every step
    found = predictability(still, z, primed=2, horizon=3)
    assert found.errors.tolist() == [[2.0, 8.0, 18.0]] * 3
    assert found.score.tolist() == [0.5] * 3


def test_a_street_where_nothing_moves_is_perfectly_predictable(still):
    found = predictability(still, torch.ones(8, 2), primed=2, horizon=3)
    assert found.score.tolist() == [1.0] * 3
    assert found.growth.tolist() == pytest.approx([0.0] * 3, abs=1e-4)


def test_the_difference_is_drawn_as_seen_minus_expected():
    torch.manual_seed(0)
    code = Pca(64, 4)
    code.fit(torch.rand(40, 3, 64, 64))
    one_more = difference(code, torch.zeros(1, 4), torch.eye(4)[:1])
    assert (one_more[0] - code.latent_maps()[0]).abs().max() < 1e-5


def test_a_memory_that_was_never_calibrated_is_named():
    with pytest.raises(BadInput, match="calm_change"):
        surprise_shares(LatentLstm(2), torch.zeros(1, 2), torch.ones(1, 2))


@pytest.mark.parametrize(
    ("z", "named"), [(torch.zeros(5, 2), "needs 6"), (torch.full((9, 2), math.nan), "step 0")]
)
def test_what_cannot_be_predicted_is_named(still, z, named):
    with pytest.raises(BadInput, match=named):
        predictability(still, z, primed=2, horizon=3)
