"""Sheets of panels: drawn from made data, whole and readable."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_world import made_pair, made_pictures
from tiny_world import BOX, SIDE, streets, tiny_calm

from road_clarity.pipeline.overlay import text_width
from road_clarity.pipeline.panels import charts, paper, tiles, words
from road_clarity.pipeline.panels.predicted import predicted_sheet
from road_clarity.pipeline.panels.redrawn import redrawn_sheet
from road_clarity.pipeline.world_account import predicted_account, redrawn_account
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import MapShare
from road_clarity.safety.foresight import Foresight
from road_clarity.safety.rg_budget import FrameBudget


@pytest.fixture(scope="module")
def pair():
    return made_pair()


@pytest.fixture(scope="module")
def account(pair):
    return redrawn_account(pair, made_pictures(1)[0], [("person 3", BOX)], "a made street")


def region_with(account, **what):
    return replace(account.found.regions[0], **what)


def test_the_sheet_of_a_redrawn_frame_has_the_width_of_all_sheets(account):
    sheet = redrawn_sheet(account)
    assert (sheet.shape[1:], sheet.dtype) == ((1000, 3), np.uint8)
    assert 900 < sheet.shape[0] < 1600


def test_the_strangest_place_is_asked_about_as_well(account):
    assert account.labels == ("person 3", "what stands at the worst spot")


def test_who_asks_for_a_place_hears_about_it(pair):
    image = made_pictures(1)[0]
    asked = redrawn_account(pair, image, [("person 3", BOX)], "", asked=0)
    assert asked.subject == 0


def test_with_calm_frames_of_the_network_there_is_more_to_say(pair):
    calm, image = tiny_calm(pair.autoencoder), made_pictures(1)[0]
    assert (
        redrawn_sheet(redrawn_account(pair, image, [("person 3", BOX)], "", calm)).shape[1] == 1000
    )


def test_an_exact_error_budget_is_one_panel_more(account):
    steps = ("encoder.1", "encoder.2", "latent")
    parts = FrameBudget(steps, (), (), torch.empty(0), torch.rand(3, SIDE, SIDE) - 0.1)
    more = redrawn_sheet(replace(account, budget=parts)).shape[0] - redrawn_sheet(account).shape[0]
    assert 350 < more < 500


def test_the_sheet_of_a_prediction_has_the_width_of_all_sheets(pair):
    account = predicted_account(pair, streets(20), "a made street")
    sheet = predicted_sheet(account)
    assert (sheet.shape[1], sheet.dtype) == (1000, np.uint8)
    assert "s before, the frame was" in account.caption


def test_seven_frames_are_enough_to_speak_of_a_prediction(pair):
    assert predicted_sheet(predicted_account(pair, streets(7), "")).shape[1] == 1000


@pytest.mark.parametrize(("cause", "layer", "sentence"), [
    (Cause.RESOLUTION, "encoder.2", "Person 3 is too small: it does not fill half a cell of "
                                    "encoder.2."),
    (Cause.BOTTLENECK, "latent", "Person 3 reaches the last layer of the encoder, but the latent "
                                 "does not hold it."),
    (Cause.DECODER, "decoder.3", "The latent holds person 3, but decoder.3 does not draw it."),
    (Cause.OUT_OF_DISTRIBUTION, "encoder.1", "Person 3 is unlike the road users of the calm "
                                             "frames; encoder.1 is the first to tell."),
    (Cause.BROKEN_LAYER, "encoder.1", "encoder.1 is damaged: it answers unlike on any calm frame."),
    (Cause.REDRAWN, "", "Person 3 counts as redrawn: the picture holds 75% of its contrast."),
])  # fmt: skip
def test_every_cause_has_a_plain_sentence(account, cause, layer, sentence):
    assert (
        words.fate("person 3", region_with(account, cause=cause, layer=layer, unexplained=0.25))
        == sentence
    )


@pytest.mark.parametrize(("channels", "said"), [
    ([5], "channel 5 is"), ([5, 7, 9], "channels 5, 7 and 9 are"),
    ([1, 2, 3, 4], "4 channels, 1, 2, 3 among them, are"),
])  # fmt: skip
def test_silent_channels_are_named_but_not_all_of_many(account, channels, said):
    maps = (*(MapShare(one, 1 / len(channels)) for one in channels), MapShare(99, 0.0))
    assert words.silent(region_with(account, maps=maps)) == said


def test_how_rare_the_frame_is_stands_first_and_only_if_known(account):
    region = region_with(account, cause=Cause.REDRAWN)
    assert words.why_redrawn_badly("x", region, 0.004).startswith("0.4% of calm frames are")
    assert words.why_redrawn_badly("x", region, 0.4).startswith("Ordinary: 40.0% of calm frames")
    assert words.why_redrawn_badly("x", region, math.nan).startswith("X counts as redrawn")


def guesses(dreamt, copied):
    return Foresight(torch.tensor([dreamt] * 4), torch.tensor([copied] * 4), None, 0.01, None)


def test_a_frame_that_is_dreamt_as_well_as_redrawn_was_foreseen():
    said = words.foreseen(guesses(0.012, 0.1), 4, np.array([1.0, 2.0, 9.0, 3.0]))
    assert said == "0.4 s before, the frame was foreseen about as well as it can be redrawn."


def test_a_bad_prediction_is_held_against_the_last_picture_and_its_surprise_is_dated():
    said = words.foreseen(guesses(0.05, 0.02), 4, np.array([1.0, 2.0, 9.0, 3.0]))
    assert "5.0 times as wrong as it is redrawn, more wrong than the last picture" in said
    assert said.endswith("came 0.1 s before it.")


def test_no_line_of_a_paragraph_is_wider_than_its_place():
    text = "a caption with averyveryverylongwordthatfitsnowhere and more words after it"
    lines = paper.wrapped(text, 120, 12, 420)
    assert all(text_width(line, 12, 420) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert paper.paragraph(text, 120).shape[1] == 120


def test_parts_stand_beside_and_below_each_other_on_white_paper():
    black = np.zeros((4, 6, 3), np.uint8)
    row, column = paper.beside([black, black[:2]], gap=3), paper.below([black, black], gap=2)
    assert (row.shape, column.shape) == ((4, 15, 3), (10, 6, 3))
    assert row[3, 14].tolist() == column[5, 0].tolist() == [255, 255, 255]


def test_heat_is_black_at_0_and_brightest_from_its_largest_value_on():
    tile = tiles.heat_tile(np.array([[0.0, 2.0, 5.0]], np.float32), 2.0, 1)
    assert tile[0, 0].max() < 5
    assert tile[0, 1].tolist() == tile[0, 2].tolist()
    assert tile[0, 1].sum() > 600


def test_small_pictures_keep_their_pixels_as_squares():
    one = np.array([[[0] * 3, [200] * 3]], np.uint8)
    assert tiles.enlarged(one, 2)[:, :, 0].tolist() == [[0, 0, 200, 200]] * 2


@pytest.mark.parametrize(("bounds", "marks"), [
    ((0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), ((-3.0, 0.0), [-3.0, -2.0, -1.0, 0.0]),
    ((0.1, 2.0), [0.5, 1.0, 1.5, 2.0]),
])  # fmt: skip
def test_axes_are_marked_at_round_values(bounds, marks):
    assert charts.ticks(bounds) == pytest.approx(marks)


def test_what_is_not_known_is_said_so_in_a_bar_chart_and_left_out_of_a_curve():
    assert charts.stated(math.nan) == "too coarse"
    bars = charts.bars([charts.Bar("encoder.1", math.nan), charts.Bar("image", 2.0)], 300, "")
    assert bars.shape == (2 * charts.ROW + 18, 300, 3)
    times, values = np.arange(4.0), np.array([np.nan, 1.0, np.nan, 2.0])
    assert charts.plot([charts.Curve("x", times, values, (0, 0, 0))], 200, 100, "s", "", 2.0).any()


def test_the_network_sees_a_square_of_its_own_size(account):
    assert tuple(account.seen.shape) == (3, SIDE, SIDE)
