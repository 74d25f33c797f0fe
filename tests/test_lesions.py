"""Faults that are planted on purpose, with the truth about them; and objects that are."""

import pytest
import torch
from tiny_world import BOX, SIZE, streets, tiny_vae

from road_clarity.models.errors import BadInput
from road_clarity.models.pca import Pca
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.safety.cause import Cause
from road_clarity.safety.lesions import (
    carriers,
    dead_channels,
    lesion_layers,
    scrambled,
    silenced,
)
from road_clarity.safety.planted_objects import alien, tiny


def test_a_dead_channel_says_nothing_and_the_others_what_they_said():
    net, x = tiny_vae(), streets(1)
    hurt = dead_channels(net, "encoder.1", [4, 6])
    before, after = net.encoder_features(x)[0][0], hurt.network.encoder_features(x)[0][0]
    same = (before == after).flatten(1).all(1)
    assert float(after[[4, 6]].abs().max()) == 0.0
    assert bool(same[[0, 1, 2, 3, 5, 7]].all())
    assert (hurt.layer, hurt.cause, hurt.channels) == ("encoder.1", Cause.DEAD_CHANNEL, (4, 6))


def test_the_network_itself_stays_healthy():
    net, x = tiny_vae(), streets(1)
    before = net.reconstruct(x)
    silenced(net, "latent"), scrambled(net, "decoder.1", seed=0)
    assert torch.equal(net.reconstruct(x), before)


def test_the_cause_is_named_after_the_place():
    net = tiny_vae()
    assert lesion_layers(net) == ["encoder.1", "encoder.2", "latent", "decoder.1", "decoder.2"]
    causes = [scrambled(net, layer, seed=0).cause for layer in lesion_layers(net)]
    assert causes == [*[Cause.BROKEN_LAYER] * 2, Cause.BOTTLENECK, *[Cause.DECODER] * 2]


def test_a_scrambled_layer_is_as_loud_as_before_and_the_same_for_the_same_seed():
    net = tiny_vae()
    one, same, other = (scrambled(net, "encoder.2", seed).network for seed in (1, 1, 2))
    assert torch.equal(one.encoder[1].weight, same.encoder[1].weight)
    assert not torch.equal(one.encoder[1].weight, other.encoder[1].weight)
    assert float(one.encoder[1].weight.std() / net.encoder[1].weight.std()) == pytest.approx(
        1.0, abs=0.1
    )


def test_the_channels_that_carry_an_object_change_most_without_it():
    net, x = tiny_vae(), streets(1)
    with torch.no_grad():
        net.encoder[0].weight.zero_()
        net.encoder[0].weight[3] = 1.0  # only channel 3 sees anything
    assert carriers(net, x, BOX, SIZE, "encoder.1", 1) == [3]


def test_linear_backbones_can_be_hurt_at_every_scale_and_in_the_latent():
    assert lesion_layers(RgBackbone()) == [*[f"encoder.{i}" for i in range(1, 5)], "latent"]
    assert lesion_layers(Pca()) == ["latent"]


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="encoder.9"):
        silenced(tiny_vae(), "encoder.9")


@pytest.mark.parametrize("paint", [alien, tiny])
def test_a_planted_object_changes_the_frame_inside_its_box_only(paint):
    x = streets(1).repeat(1, 1, 4, 4)  # 64 px
    planted, (x0, y0, x1, y1) = paint(x, seed=5)
    rows, columns = torch.nonzero((planted != x)[0].any(0), as_tuple=True)
    assert rows.min() >= y0 and rows.max() < y1 and columns.min() >= x0 and columns.max() < x1
    assert float(planted.min()) >= 0.0 and float(planted.max()) <= 1.0


def test_a_tiny_object_has_at_most_four_pixels_and_an_alien_one_at_least_eighty_one():
    x = streets(1).repeat(1, 1, 4, 4)
    areas = {paint: [area(paint(x, seed)[1]) for seed in range(20)] for paint in (alien, tiny)}
    assert max(areas[tiny]) <= 4 and min(areas[alien]) >= 81


def area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
