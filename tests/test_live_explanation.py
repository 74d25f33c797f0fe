"""Explanations while driving: what is asked, what is remembered, what is found."""

import copy
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from made_world import made_pair
from tiny_world import SIZE, streets, tiny_calm

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.live_explanation import ExplainerConfig, LiveExplanation, inside
from road_clarity.pipeline.world import network_input
from road_clarity.safety import anomaly
from road_clarity.safety.lesions import silenced
from road_clarity.safety.scene import Latent, Reason, Risk, World

FRAME_NS = 100_000_000
PLACE = (40.0, 40.0, 100.0, 100.0)
STREET = streets(1, seed=3)[0].permute(1, 2, 0).numpy()


@pytest.fixture(scope="module")
def pair():
    made = made_pair()
    return replace(made, calm=tiny_calm(made.autoencoder))


def street(index, stamp_ns=None, light=None):
    """One street, ten times a second; light: (x, y) [px] of a lamp that nobody expects."""
    image = (cv2.resize(STREET, SIZE) * 255).round().astype(np.uint8)
    if light:
        image[light[1] - 15 : light[1] + 15, light[0] - 15 : light[0] + 15] = (255, 0, 255)
    return Frame(index, index * FRAME_NS if stamp_ns is None else stamp_ns, image)


def seen(pair, frame):
    """What a world model of this pair makes of the frame."""
    look = anomaly.look(pair.autoencoder, network_input(frame.image, pair.autoencoder.side))
    latent = Latent(look.latents[0].numpy(), look.latents[0].numpy(), "tiny")
    nan = float("nan")
    return World(
        frame.stamp_ns, 0.1, nan, look.error_map[0].numpy(), nan, nan, 1.0, nan, "", None, None,
        latent,
    )  # fmt: skip


def risk(frame, *regions, level="high"):
    """Every region is a reason, of half the share of the one before."""
    reasons = (
        Reason("corridor.person", 0.5 / 2**n, region, "in the way")
        for n, region in enumerate(regions)
    )
    return Risk(frame.stamp_ns, 0.6, level, tuple(reasons))


def driven(pair, count, config=None, **last):
    """The explanation after so many frames, and the last of them."""
    live = LiveExplanation(config or ExplainerConfig())
    for index in range(count):
        frame = street(index, **(last if index == count - 1 else {}))
        live.see(frame, seen(pair, frame))
    return live, frame


def found(pair, count, *regions, **last):
    live, frame = driven(pair, count, **last)
    return live.answer(pair, live.question(risk(frame, *regions), now_s=0.0))


def test_the_region_of_a_reason_is_looked_into(pair):
    answer = found(pair, 8, PLACE)
    assert [(one.about, one.region) for one in answer.findings] == [
        ("reconstruction", PLACE), ("prediction", PLACE),
    ]  # fmt: skip
    assert all(0.0 < one.share < 1.0 for one in answer.findings)
    assert answer.error_map.shape == (16, 16)


def test_a_reason_without_a_region_leads_to_the_strangest_spot(pair):
    answer = found(pair, 8, None, light=(120, 30))
    x0, y0, x1, y1 = answer.findings[0].region
    assert x0 < 120 < x1
    assert y0 < 30 < y1


def test_the_share_of_a_region_is_that_of_the_error_map(pair):
    answer = found(pair, 8, PLACE, light=(70, 70))
    inside_it = answer.error_map[4:10, 4:10].sum() / answer.error_map.sum()
    assert answer.findings[0].share == pytest.approx(float(inside_it), rel=1e-4)


def test_a_light_that_goes_on_is_a_larger_part_of_the_predictions_error(pair):
    calm, lit = (found(pair, 8, PLACE, **last).findings for last in ({}, {"light": (70, 70)}))
    assert lit[1].share > calm[1].share


@pytest.mark.claim("true_cause")
@pytest.mark.parametrize("layer", ["encoder.1", "encoder.2", "decoder.1"])
def test_a_layer_that_fell_silent_is_named(pair, layer):
    hurt = replace(pair, autoencoder=silenced(pair.autoencoder, layer).network)
    answer = found(hurt, 8, PLACE)
    assert [one.layer for one in answer.findings] == [layer, layer]
    assert all(name.startswith(f"{layer}/") for name, _ in answer.findings[0].maps)


def test_the_maps_to_blame_have_shares_the_largest_first(pair):
    answer = found(pair, 8, PLACE, light=(70, 70))
    maps = answer.findings[0].maps
    shares = [share for _, share in maps]
    assert maps
    assert shares == sorted(shares, reverse=True)
    assert all(0.0 <= share <= 1.0 for share in shares)


def test_soon_after_the_start_nothing_is_said_of_the_prediction(pair):
    assert [one.about for one in found(pair, 5, PLACE).findings] == ["reconstruction"]


@pytest.mark.claim("true_cause")
def test_a_memory_that_says_nonsense_is_named(pair):
    hurt = copy.deepcopy(pair.memory)
    torch.manual_seed(0)
    hurt.head.weight.copy_(100 * torch.randn_like(hurt.head.weight))
    answer = found(replace(pair, memory=hurt), 8, PLACE)
    assert [one.layer == "memory" for one in answer.findings] == [False, True]
    assert all(name.startswith("latent/") for name, _ in answer.findings[1].maps)


@pytest.mark.parametrize("level", ["nominal", "unknown"])
def test_nothing_is_asked_about_an_image_that_is_not_flagged(pair, level):
    live, frame = driven(pair, 2)
    assert live.question(risk(frame, PLACE, level=level), now_s=0.0) is None


def test_only_so_many_images_a_second_are_explained(pair):
    live = LiveExplanation(ExplainerConfig(rate=2.0))
    asked = []
    for index in range(12):
        frame = street(index)
        live.see(frame, seen(pair, frame))
        if live.question(risk(frame, PLACE, level="elevated"), now_s=0.1 * index):
            asked.append(index)
    assert asked == [0, 5, 10]


def test_an_image_that_is_no_longer_remembered_is_not_explained(pair):
    live, _ = driven(pair, 20)
    assert live.question(risk(street(7), PLACE), now_s=0.0) is None
    assert live.question(risk(street(8), PLACE), now_s=0.0) is not None


def test_an_image_that_the_world_model_never_saw_is_not_explained(pair):
    live, _ = driven(pair, 3)
    assert live.question(risk(street(9), PLACE), now_s=0.0) is None


def test_a_risk_that_is_told_again_is_not_explained_again(pair):
    live, frame = driven(pair, 3)
    assert live.question(risk(frame, PLACE), now_s=0.0) is not None
    assert live.question(risk(frame, PLACE), now_s=9.0) is None


def test_a_gap_makes_it_forget(pair):
    live, frame = driven(pair, 8)
    late = street(8, stamp_ns=frame.stamp_ns + 6 * FRAME_NS)
    live.see(late, seen(pair, late))
    assert live.question(risk(frame, PLACE), now_s=0.0) is None
    answer = live.answer(pair, live.question(risk(late, PLACE), now_s=0.0))
    assert [one.about for one in answer.findings] == ["reconstruction"]


def test_another_stream_makes_it_forget(pair):
    live, frame = driven(pair, 3)
    live.see(street(3), seen(pair, street(3)), stream=1)
    assert live.question(risk(frame, PLACE), now_s=0.0) is None


def test_the_largest_reasons_come_first_and_no_more_than_wanted(pair):
    small, twice, large = (0.0, 0.0, 20.0, 20.0), PLACE, (50.0, 50.0, 150.0, 150.0)
    live, frame = driven(pair, 3, ExplainerConfig(regions=2))
    asked = live.question(risk(frame, large, twice, twice, small), now_s=0.0)
    assert [one.region for one in live.answer(pair, asked).findings] == [large, twice]


def test_of_a_region_that_reaches_over_the_edge_the_inside_counts():
    assert inside((-20.0, 50.0, 40.0, 400.0), (160, 160)) == (0.0, 50.0, 40.0, 160.0)
    assert inside((159.5, 0.0, 300.0, 80.0), (160, 160)) is None


def test_a_region_outside_of_the_image_is_not_asked_about(pair):
    answer = found(pair, 3, (500.0, 0.0, 600.0, 50.0), light=(120, 30))
    x0, _, x1, _ = answer.findings[0].region
    assert x0 < 120 < x1  # the strangest spot


def test_a_rate_of_none_is_refused():
    with pytest.raises(BadInput, match="rate"):
        ExplainerConfig(rate=0.0)
