"""A map agrees with where somebody looked, or does not; small maps, answers worked out by hand."""

import math

import pytest
import torch

from road_clarity.safety.attention import auc_judd, correlation, divergence, nss, similarity


@pytest.fixture
def salience() -> torch.Tensor:
    return torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])  # mean 2.5, deviation sqrt(1.25)


def looked(*pixels: int) -> torch.Tensor:
    mask = torch.zeros(1, 4, dtype=torch.bool)
    mask[0, list(pixels)] = True
    return mask.view(1, 2, 2)


def test_nss_is_the_standardised_map_where_it_was_looked_at(salience):
    assert nss(salience, looked(3)).item() == pytest.approx(1.5 / math.sqrt(1.25))
    assert nss(salience, looked(2, 3)).item() == pytest.approx(1.0 / math.sqrt(1.25))
    assert nss(salience, looked(0, 1, 2, 3)).item() == pytest.approx(0.0)


def test_nss_does_not_ask_for_the_unit_of_the_map(salience):
    assert nss(100 * salience + 7, looked(3)).item() == pytest.approx(1.5 / math.sqrt(1.25))


def test_a_flat_map_points_nowhere():
    flat = torch.full((1, 2, 2), 0.1)
    assert nss(flat, looked(3)).item() == 0.0
    assert auc_judd(flat, looked(3)).item() == 0.5


@pytest.mark.parametrize("score", [nss, correlation, auc_judd, divergence, similarity])
def test_nobody_looked_so_nothing_can_be_said(score, salience):
    assert score(salience, looked()).isnan().all()


def test_a_map_correlates_with_itself_and_against_its_negative(salience):
    assert correlation(salience, 3 * salience).item() == pytest.approx(1.0)
    assert correlation(-salience, salience).item() == pytest.approx(-1.0)


def test_similarity_is_what_two_distributions_share(salience):
    even = torch.ones(1, 2, 2)
    assert similarity(salience, even).item() == pytest.approx(0.1 + 0.2 + 0.25 + 0.25)


def test_divergence_counts_what_the_map_misses(salience):
    even = torch.ones(1, 2, 2)
    by_hand = sum(0.1 * i * math.log(0.1 * i / 0.25) for i in (1, 2, 3, 4))
    assert divergence(even, salience).item() == pytest.approx(by_hand)
    assert divergence(salience, salience).item() == pytest.approx(0.0, abs=1e-12)


def test_judd_draws_its_curve_through_the_fixated_values_only(salience):
    """Fixated 4 and 2 of 1..4: hits and false ones (0, 0), (1/2, 0), (1, 1/2), (1, 1)"""
    assert auc_judd(salience, looked(1, 3)).item() == pytest.approx(0.75 * 0.5 + 0.5)
    assert auc_judd(salience, looked(3)).item() == 1.0
    assert auc_judd(salience, looked(0)).item() == 0.5  # never below, with one fixation


def test_maps_of_a_batch_are_judged_one_by_one(salience):
    both = torch.cat([salience, -salience])
    ends = torch.cat([looked(3), looked(3)])
    assert nss(both, ends)[0] == -nss(both, ends)[1]
    assert auc_judd(both, ends).tolist() == [1.0, 0.5]
