"""Scorers of unknown scenes: distances, p-values, and what is missing."""

import math

import pytest
import torch

from road_clarity.models.scene_novelty import (
    BANK,
    COMBINED,
    FACTS,
    FEATURES,
    SCORERS,
    Facts,
    SceneNovelty,
)

SIZES = (128, 192, 5, 36, 3)


def facts(count=1, shift=0.0, seed=0):
    made = torch.randn(count, FACTS, generator=torch.Generator().manual_seed(seed)) + shift
    return Facts(*made.split(SIZES, dim=1))


def calm_novelty():
    """Calibrated on random calm facts of spread 1."""
    torch.manual_seed(0)
    novelty, calm = SceneNovelty(), facts(400)
    novelty.spread.fit(calm.joined())
    with torch.no_grad():
        standard = novelty.standard(calm)
        novelty.whitening.fit(standard[:, FEATURES + 5 : FEATURES + 41])
        novelty.get_buffer("bank").copy_(standard[:BANK, :FEATURES])
        novelty.weights.data = torch.ones(len(SCORERS))
        novelty.exposure[2].weight.zero_()
        scores = novelty.scores(facts(99, seed=1))
        novelty.scores_spread.fit(scores)
        novelty.scores_spread.get_buffer("deviation").clamp_min_(1e-3)
        for index, name in enumerate(SCORERS):
            novelty.calm[name].fit(scores[:, index])
        novelty.calm[COMBINED].fit(novelty.combine(scores))
    return novelty


@pytest.fixture(scope="module")
def novelty():
    return calm_novelty()


@torch.no_grad()
def p_values(novelty, one):
    return novelty.p_values(novelty.scores(one))


def test_the_facts_are_as_many_as_the_parts_say():
    assert sum(SIZES) == FACTS


def test_the_fifth_nearest_counts():
    novelty = SceneNovelty()
    bank = torch.full((BANK, FEATURES), 100.0)
    bank[:6] = 0.0
    for place in range(6):
        bank[place, 0] = place  # 0, 1, 2, 3, 4, 5 away
    novelty.get_buffer("bank").copy_(bank)
    assert float(novelty.neighbours(torch.zeros(1, FEATURES))) == pytest.approx(4.0, abs=1e-3)


def test_calm_facts_are_ordinary_and_shifted_ones_are_as_strange_as_none_before(novelty):
    assert p_values(novelty, facts(seed=2))[COMBINED] > 0.02
    assert p_values(novelty, facts(seed=2, shift=5.0))[COMBINED] == pytest.approx(1 / 100)


@pytest.mark.parametrize("part", range(len(SIZES)))
def test_what_is_missing_is_strange_never_calm(novelty, part):
    parts = list(facts(seed=2))
    parts[part] = torch.full_like(parts[part], math.nan)
    assert p_values(novelty, Facts(*parts))[COMBINED] == pytest.approx(1 / 100)


def test_without_calibration_nothing_is_said():
    assert math.isnan(p_values(SceneNovelty(), facts())[COMBINED])
