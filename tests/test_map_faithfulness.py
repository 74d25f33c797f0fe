"""Whether a map is better than chance, on an effect whose place is known."""

import math

import numpy as np
import pytest
import torch
from made_drive import street

from road_clarity.models.vae import Vae
from road_clarity.pipeline.map_comparison import compared, pair
from road_clarity.pipeline.scored_maps import QUICK, error_map_faithfulness, without_learning
from road_clarity.pipeline.tiles import tiled
from road_clarity.safety.map_faithfulness import (
    BETTER,
    NOT_BETTER,
    UNTOLD,
    Effort,
    OutOfTime,
    faithfulness,
    moved,
    share_of_answer,
    share_of_error,
)

EFFORT = Effort(steps=8, chances=9)


def patience():
    return 60.0


def spot(top, left):
    """(16, 16), bright in 4x4 pixels."""
    values = torch.zeros(16, 16)
    values[top : top + 4, left : left + 4] = 1.0
    return values


def score(pictures):
    """All that counts is how bright the upper left is."""
    return pictures[:, 0, :4, :4].mean((1, 2))


X, BLANK = torch.ones(3, 16, 16), torch.zeros(3, 16, 16)


def test_a_map_that_points_at_the_effect_is_better_than_chance():
    found = faithfulness(score, X, spot(0, 0), BLANK, EFFORT, patience)
    assert found.verdict == BETTER
    assert found.deletion < 0.1 < 0.4 < found.deletion_random < 0.6
    assert found.insertion > 0.9 > found.insertion_moved
    assert found.text == "better than 9 random orders and 9 moved maps"


def test_a_map_that_points_elsewhere_is_to_be_greyed_out():
    found = faithfulness(score, X, spot(8, 8), BLANK, EFFORT, patience)
    assert (found.verdict, found.text) == (
        NOT_BETTER,
        "not better than chance: grey it out",
    )


@pytest.mark.parametrize(
    ("relevance", "x"),
    [
        (spot(0, 0) * math.nan, X),
        (torch.ones(16, 16), X),
        (spot(0, 0), X * math.nan),
    ],
)
def test_nan_and_a_flat_map_cannot_be_told(relevance, x):
    found = faithfulness(score, x, relevance, BLANK, EFFORT, patience)
    assert found.verdict == UNTOLD and found.text.endswith("grey it out")
    assert math.isnan(found.deletion)


def test_a_network_that_fails_on_the_way_cannot_be_told():
    def fails(pictures):
        return score(pictures) if len(pictures) == 2 else score(pictures) * math.nan

    assert faithfulness(fails, X, spot(0, 0), BLANK, EFFORT, patience).verdict == UNTOLD


def test_without_time_there_is_no_verdict():
    with pytest.raises(OutOfTime):
        faithfulness(score, X, spot(0, 0), BLANK, EFFORT, lambda: 0.0)


def test_a_map_that_needs_no_learning_is_said_to_show_the_picture():
    found = faithfulness(score, X, spot(0, 0), BLANK, EFFORT, patience, spot(0, 0), spot(0, 0))
    assert (found.randomisation, found.stability) == (pytest.approx(1.0), pytest.approx(1.0))
    assert found.text.endswith("so it shows the picture")


def test_a_moved_map_keeps_its_values_and_never_its_place():
    chance = torch.Generator().manual_seed(3)
    for _ in range(50):
        other = moved(spot(0, 0), chance)
        assert other.sum() == 16.0 and other[:4, :4].sum() == 0.0


def test_shares_are_one_for_the_frame_and_nought_for_the_blank():
    assert share_of_error(0.5, 0.1, torch.tensor([0.5, 0.3, 0.1])).tolist() == pytest.approx(
        [1.0, 0.5, 0.0]
    )
    assert share_of_error(0.1, 0.1, torch.tensor([0.1])).isnan().all()
    answers = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert share_of_answer(answers[0], answers[2], answers).tolist() == [1.0, 0.5, 0.0]


def test_the_error_map_of_a_network_with_nan_cannot_be_told():
    net = Vae()
    net.eval()
    with torch.no_grad():
        next(net.parameters()).fill_(math.nan)
    found = error_map_faithfulness(net, street(), QUICK, patience)
    assert found.verdict == UNTOLD
    assert type(without_learning(net)) is Vae


def ramp(width=20, height=10):
    return np.arange(width * height, dtype=np.float32).reshape(height, width)


def test_a_map_is_like_itself_and_unlike_its_opposite():
    same, opposite = pair("a", ramp(), "b", ramp()), pair("a", ramp(), "b", -ramp())
    assert (same.rank_correlation, same.top_overlap) == (pytest.approx(1.0), 1.0)
    assert (opposite.rank_correlation, opposite.top_overlap) == (pytest.approx(-1.0), 0.0)


def test_maps_of_two_sizes_meet_at_the_coarser():
    assert pair("a", np.kron(ramp(), np.ones((4, 4), np.float32)), "b", ramp()).top_overlap == 1.0


def test_a_map_with_nan_is_like_nothing():
    assert math.isnan(pair("a", ramp() * np.float32(math.nan), "b", ramp()).top_overlap)


def test_maps_of_the_same_name_are_compared_else_all_with_all():
    one = {"lanes": ramp(), "segmentation": ramp()}
    assert [(p.one, p.other) for p in compared(one, one)] == [
        ("lanes", "lanes"),
        ("segmentation", "segmentation"),
    ]
    assert len(compared(one, {"error_map": ramp()})) == 2


def test_tiles_lie_row_by_row_and_nan_is_black():
    maps = np.array([[[0.0, 1.0]], [[5.0, 5.0]], [[math.nan, 2.0]]], np.float32)
    sheet = tiled(maps, columns=2, side_px=2)
    assert sheet.shape == (4, 4)
    assert sheet[0].tolist() == [0, 255, 0, 0] and sheet[2, :2].tolist() == [0, 0]
