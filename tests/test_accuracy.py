"""docs/accuracy.md says what its figures file says, of the weights that ship."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from road_clarity.evaluation.accuracy.__main__ import FIGURES, PAGE, PICTURES, main, size
from road_clarity.evaluation.accuracy.card_figures import ON_CARD, with_figures
from road_clarity.evaluation.accuracy.figures import Figure, Part, figure, interval, read, share
from road_clarity.evaluation.accuracy.page import missed_by, page, told, verdict
from road_clarity.evaluation.accuracy.panels import (
    LARGEST_BYTES,
    WIDTH,
    Example,
    class_panel,
    jpeg,
    three_of,
)
from road_clarity.evaluation.accuracy.road_users import tracking_figures
from road_clarity.evaluation.accuracy.targets import CHAPTERS, TARGETS, Target
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.commands import interval_text
from road_clarity.pipeline.weights import WEIGHTS, read_card

CARD = Card(
    name="lorat_edge", architecture="line", data={"made": "CC0"}, command="none", seed=1,
    cost="0 s", metrics={"error": 0.5}, metrics_command="none", sha256="abc",
    notes="None.",
)  # fmt: skip
MORE = Target(what="w", part="p", key="k", measure="m", reach=0.6, aim=0.7)
LESS = Target(what="w", part="p", key="k", measure="m", reach=0.8, aim=0.6, less_is_better=True)
BLACK = np.zeros((9, 16, 3), np.uint8)


# -------------------------------------------------------------------------------- the page
def test_the_page_is_the_one_that_the_figures_make():
    assert PAGE.read_text() == page(read(FIGURES))


def test_the_figures_are_of_the_weights_that_ship():
    stale = {
        (part, name)
        for part, one in read(FIGURES).items()
        for name, sha in one.weights.items()
        if read_card(name).sha256 != sha
    }
    assert not stale, "run `make accuracy PART=...` for these"


def test_the_size_is_that_of_the_files():
    assert read(FIGURES)["size"].figures == size(WEIGHTS).figures


def test_every_target_and_chapter_speaks_of_a_figure_that_was_measured():
    parts = read(FIGURES)
    assert {one.key for one in TARGETS if one.key not in parts[one.part].figures} == set()
    assert {one.part for one in CHAPTERS} == set(parts) - {"size"}


def test_the_page_shows_every_picture_of_its_folder_once_and_all_are_small():
    shown = re.findall(r"\(accuracy/(\w+\.jpg)\)", PAGE.read_text())
    assert sorted(shown) == sorted(path.name for path in PICTURES.iterdir())
    assert all(path.stat().st_size < LARGEST_BYTES for path in PICTURES.iterdir())


def test_every_card_tells_the_measured_figures_and_their_intervals():
    parts = read(FIGURES)
    for name, (part, _) in ON_CARD.items():
        assert with_figures(read_card(name), parts[part]) == read_card(name), name


# -------------------------------------------------------------------------------- intervals
def test_the_interval_of_units_that_are_all_alike_is_the_figure_itself():
    assert figure([[3.0, 4.0]] * 5, share(0, 1)) == Figure(0.75, 0.75, 0.75)


def test_one_unit_alone_has_no_interval():
    assert figure([[3.0, 4.0]], share(0, 1)) == Figure(0.75)


def test_two_units_give_an_interval_from_one_to_the_other():
    assert interval(np.array([[0.0, 1.0], [1.0, 1.0]]), share(0, 1)) == (0.0, 1.0)


def test_a_unit_with_more_to_divide_by_weighs_more():
    assert figure([[9.0, 10.0], [0.0, 1.0]], share(0, 1)).value == pytest.approx(9 / 11)


def test_the_interval_of_a_mean_is_about_two_standard_errors_to_each_side():
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    low, high = interval(np.stack([values, np.ones(400)], 1), share(0, 1))
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


def test_draws_with_nothing_to_divide_by_do_not_count():
    ends = interval(np.array([[1.0, 1.0], [0.0, 0.0]]), share(0, 1))
    assert ends == (1.0, 1.0) and math.isnan(figure([[0.0, 0.0]], share(0, 1)).value)


def test_our_tracker_and_csrt_are_drawn_together():
    # twice as good on every sequence, however hard it is; float32 adds 0.1
    keys = ["success_auc", "fps", "csrt_success_auc", "csrt_fps", "fp32_success_auc"]
    rows = {"a": [0.2, 10.0, 0.1, 5.0, 0.3], "b": [0.8, 10.0, 0.4, 20.0, 0.9]}
    found = tracking_figures(
        {name: dict(zip(keys, row, strict=True)) for name, row in rows.items()}
    )
    assert found["success_auc"].value == 0.5 and found["csrt_fps"].value == 12.5
    assert found["success_auc_to_csrt"] == Figure(2.0, 2.0, 2.0)
    assert found["success_auc_fp32_gain"].value == pytest.approx(0.1)
    assert found["fps_to_csrt"] == Figure(0.8, 0.5, 2.0)
    assert found["b_csrt_success_auc"] == Figure(0.4)


# -------------------------------------------------------------------------------- what is said
@pytest.mark.parametrize(
    ("target", "value", "said"),
    [
        (MORE, 0.593, "**missed** by 0.007, aim by 0.107"),
        (MORE, 0.6, "reached; aim missed by 0.100"),
        (MORE, 0.5996, "reached; aim missed by 0.100"),  # it is printed as 0.600
        (MORE, 0.71, "aim reached"),
        (LESS, 0.81, "**missed** by 0.010, aim by 0.210"),
        (LESS, 0.68, "reached; aim missed by 0.080"),
        (LESS, 0.6, "aim reached"),
    ],
)
def test_what_is_missed_is_said_with_by_how_much(target, value, said):
    assert verdict(target, Figure(value)) == said


def test_a_target_that_chance_may_have_reached_is_told_so():
    assert verdict(MORE, Figure(0.71, 0.59, 0.8)) == "aim reached; a miss is within chance"
    assert verdict(LESS, Figure(0.7, 0.5, 0.9)).endswith("by 0.100; a miss is within chance")
    assert verdict(LESS, Figure(0.7, 0.5, 0.8)) == "reached; aim missed by 0.100"


def test_what_cannot_stand_for_its_target_gets_no_verdict():
    assert verdict(replace(MORE, comparable=False), Figure(0.99)) == "no verdict"


def test_a_figure_without_a_value_reaches_nothing():
    assert (
        verdict(MORE, Figure(math.nan)).startswith("**missed**")
        and missed_by(MORE, 0.7, 0.6) == 0.0
    )


def test_a_figure_is_told_with_its_interval_where_there_is_one():
    assert told(Figure(0.5, 0.4, 0.66)) == "0.500 (0.400 to 0.660)"
    assert told(Figure(40.8), 1) == "40.8" and told(Figure(math.nan)) == "none"
    assert interval_text([0.4, 0.66]) == " (0.4 to 0.66)" and interval_text(None) == ""


def test_a_card_keeps_its_other_metrics_and_gets_intervals():
    part = Part({"lorat_edge": "abc"}, "sequence", 3, 1.0, {
        "success_auc": Figure(0.49765, 0.2661, 0.699), "success_auc_to_csrt": Figure(1.0752),
        "fps_to_csrt": Figure(0.4),
    })  # fmt: skip
    card = with_figures(CARD, part)
    assert card.metrics == {
        "error": 0.5, "unseen_success_auc": 0.4976, "unseen_success_auc_to_csrt": 1.075,
    }  # fmt: skip
    assert card.intervals == {"unseen_success_auc": [0.2661, 0.699]}
    assert card.metrics_command == "none; intervals: make accuracy"
    assert Card.parse(card.render(), "card") == card == with_figures(card, part)
    said = " ".join(card.notes.split())
    assert said.startswith("None. ## Against the targets - tracker: success AUC over that of CSRT")
    assert "CSRT 0.40, asked 1, hoped for 2: **missed** by 0.60, aim by 1.60 (the target" in said
    assert "intervals" not in CARD.render() and Card.parse(CARD.render(), "card") == CARD


def test_figures_of_other_weights_go_into_no_card():
    with pytest.raises(BadInput, match="figures lorat_edge: are of other weights"):
        with_figures(CARD, Part({"lorat_edge": "def"}, "sequence", 3, 1.0))


def test_an_unknown_part_is_refused(capsys):
    assert main(["brakes"]) == 2
    assert capsys.readouterr().err.startswith("part brakes: choose of lanes, segmentation,")


def test_a_file_that_holds_no_figures_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"lanes": 3}')
    with pytest.raises(BadInput, match="is no figures file"):
        read(tmp_path / "a.json")


# -------------------------------------------------------------------------------- pictures
def test_the_best_the_middle_and_the_worst_are_shown():
    some = [Example(score, str(score), "", BLACK) for score in (0.3, 0.9, 0.1, 0.5, 0.4)]
    assert {k: one.score for k, one in three_of(some).items()} == {
        "best": 0.9, "typical": 0.4, "worst": 0.1,
    }  # fmt: skip


def test_a_noisy_picture_is_stored_coarsely_enough():
    noise = np.random.default_rng(0).integers(0, 256, (270, WIDTH, 3), np.uint8)
    assert len(jpeg(noise)) < LARGEST_BYTES


def test_wrong_pixels_are_red_and_void_ones_are_not():
    said, truth = np.zeros((9, 16), np.uint8), np.zeros((9, 16), np.uint8)
    truth[:, 8:12], truth[:, 12:] = 1, 11
    below = class_panel(BLACK, said, truth)[270:]
    red = below[..., 0] > 200
    assert red[:, 240:360].all() and not red[:, :240].any() and not red[:, 360:].any()
