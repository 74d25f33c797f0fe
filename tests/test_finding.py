"""What an explanation while driving says of a region, in one line."""

import pytest

from road_clarity.safety.blame import MapShare
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import RegionExplanation
from road_clarity.safety.finding import of_prediction, of_reconstruction
from road_clarity.safety.prediction_error import RegionPrediction

BOX = (10.0, 20.0, 30.0, 40.0)


def redrawn(cause, layer, unexplained=0.8):
    maps = (MapShare(7, 0.6), MapShare(2, 0.4))
    return RegionExplanation(
        BOX, 0.31, 6.2, unexplained, (), 1.5, cause, layer, layer or "encoder.4", maps
    )


def expected(unexplained=0.8, unforeseen=0.1, latents=()):
    return RegionPrediction(BOX, 0.12, 2.4, unexplained, unforeseen, latents)


def test_what_a_layer_loses_is_told_with_its_maps():
    found = of_reconstruction(redrawn(Cause.RESOLUTION, "encoder.2"))
    assert (found.about, found.region, found.share) == ("reconstruction", BOX, 0.31)
    assert (found.layer, found.maps) == ("encoder.2", (("encoder.2/7", 0.6), ("encoder.2/2", 0.4)))
    assert found.text == (
        "31% of the redrawing's error, 6.2 times the rest: lost at encoder.2, resolution"
    )


def test_what_is_redrawn_has_no_layer_and_no_maps_to_blame():
    found = of_reconstruction(redrawn(Cause.REDRAWN, "", unexplained=0.2))
    assert (found.layer, found.maps) == ("", ())
    assert found.text.endswith(": redrawn")


def test_what_was_not_foreseen_is_the_memorys_doing():
    latents = (MapShare(3, 0.9), MapShare(5, 0.1))
    found = of_prediction(expected(unforeseen=0.7, latents=latents), redrawn(Cause.REDRAWN, ""))
    assert (found.about, found.layer) == ("prediction", "memory")
    assert found.maps == (("latent/3", 0.9), ("latent/5", 0.1))
    assert found.text == (
        "12% of the error of what was expected 0.1 s before, 2.4 times the rest: "
        "not foreseen, most of all latent 3"
    )


def test_what_was_foreseen_is_lost_where_the_redrawing_loses_it():
    found = of_prediction(expected(), redrawn(Cause.DECODER, "decoder.2"))
    assert (found.layer, found.maps[0]) == ("decoder.2", ("decoder.2/7", 0.6))
    assert found.text.endswith("foreseen, but lost at decoder.2")


def test_a_damaged_network_is_named_whatever_the_memory_did():
    latents = (MapShare(3, 1.0),)
    broken = redrawn(Cause.DEAD_CHANNEL, "encoder.2")
    found = of_prediction(expected(unforeseen=0.9, latents=latents), broken, faulty=True)
    assert found.layer == "encoder.2"
    assert found.text.endswith(": lost at encoder.2, dead channel")


@pytest.mark.parametrize(
    ("prediction", "text"),
    [
        (expected(unexplained=0.3), "as expected"),
        (expected(unforeseen=0.4), "little of it was not foreseen, and little is not redrawn"),
    ],
)
def test_what_neither_loses_has_no_layer(prediction, text):
    found = of_prediction(prediction, redrawn(Cause.REDRAWN, ""))
    assert (found.layer, found.maps, found.text.endswith(text)) == ("", (), True)


def test_of_many_maps_the_ten_largest_are_told():
    many = tuple(MapShare(n, 0.05) for n in range(20))
    found = RegionExplanation(BOX, 0.3, 2.0, 0.8, (), 1.5, Cause.DECODER, "decoder.1", "decoder.1",
                              many)  # fmt: skip
    assert len(of_reconstruction(found).maps) == 10
