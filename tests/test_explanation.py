"""Why an object is drawn badly: which layer loses it, by which cause.  Cases made by hand."""

import copy
import math

import pytest
import torch
from tiny_world import BOX, SIZE, TinyVae, streets, tiny_calm, tiny_vae

from road_clarity.models.errors import BadInput
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.models.vae import Vae
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import explain, latent_or_decoder, times_worse, too_coarse
from road_clarity.safety.lesions import dead_channels, scrambled, silenced
from road_clarity.safety.object_view import LayerView, separability
from road_clarity.safety.passage import (
    coverage,
    object_and_ring,
    on_grid,
    painted_over,
    passage,
)


def layers(**separabilities: float) -> tuple[LayerView, ...]:
    return tuple(LayerView(name.replace("_", "."), s) for name, s in separabilities.items())


def test_without_trace_in_the_latent_an_object_is_lost_in_the_bottleneck():
    seen = layers(image=4.0, encoder_1=3.0, decoder_1=0.1)
    assert latent_or_decoder(seen, latent_change=0.2) == (Cause.BOTTLENECK, "latent")


def test_in_the_latent_but_not_drawn_means_the_first_layer_of_the_decoder_that_lacks_it():
    seen = layers(image=4.0, encoder_1=3.0, decoder_1=2.0, decoder_2=0.3, decoder_3=0.1)
    assert latent_or_decoder(seen, latent_change=3.0) == (Cause.DECODER, "decoder.2")


def test_drawn_by_every_layer_yet_badly_means_that_the_latent_holds_too_little():
    seen = layers(image=4.0, decoder_1=math.nan, decoder_2=2.0)
    assert latent_or_decoder(seen, latent_change=3.0) == (Cause.BOTTLENECK, "latent")


def test_a_box_covers_parts_of_the_pixels_on_its_edge():
    covered = coverage(torch.tensor([[1.0, 0.0, 2.5, 1.0]]), 64)[0]
    assert covered[0, :4].tolist() == [0.0, 1.0, 0.5, 0.0]
    assert float(covered.sum()) == 1.5


def test_the_ring_lies_around_the_object_half_its_size_wide():
    inside, ring = object_and_ring([(480.0, 480.0, 800.0, 800.0)], (1280, 1280), 64)
    assert (float(inside.sum()), float(ring.sum())) == (16 * 16, 32 * 32 - 16 * 16)
    assert float((inside * ring).sum()) == 0.0


def test_an_object_is_painted_over_with_the_mean_colour_around_it():
    x = torch.zeros(1, 3, 8, 8)
    x[:, :, 2:6, 2:6] = 1.0
    boxes = torch.tensor([[2.0, 2.0, 6.0, 6.0]])
    inside = coverage(boxes, 8)
    assert float(painted_over(x, inside, 1 - inside).max()) == 0.0


def test_separability_is_the_difference_in_deviations_of_the_background():
    boxes = torch.tensor([[24.0, 24.0, 40.0, 40.0], [16.0, 16.0, 48.0, 48.0]])
    inside, both = coverage(boxes, 64).split(1)
    columns = torch.arange(64) % 2 * 2.0 - 1.0  # background of -1 and 1: deviation 1
    features = columns.expand(1, 64, 64).clone()
    features[0, 24:40, 24:40] = 3.06
    cells, around = (on_grid(one, features.shape) for one in (inside, both - inside))
    assert float(separability(features, cells, around)) == pytest.approx(3.0, rel=1e-3)


def test_a_grid_of_two_by_two_cannot_tell_an_object_in_the_middle_from_its_ring():
    inside, ring = object_and_ring([(480.0, 480.0, 800.0, 800.0)], (1280, 1280), 64)
    cells, around = (on_grid(one, (2, 2)) for one in (inside, ring))
    assert separability(torch.rand(5, 2, 2), cells, around).isnan().all()


def test_half_of_the_frame_with_three_quarters_of_the_error_is_three_times_worse():
    assert times_worse(0.75, 0.5) == pytest.approx(3.0)
    assert times_worse(1.0, 1.0) == 1.0


@pytest.fixture(scope="module")
def vae() -> TinyVae:
    return tiny_vae()


@pytest.fixture(scope="module")
def calm(vae):
    return tiny_calm(vae)


def explained(net, calm=None, x=None, box=BOX):
    return explain(net, streets(1, seed=9) if x is None else x, [box], SIZE, calm).regions[0]


@pytest.mark.parametrize("layer", ["encoder.1", "encoder.2", "latent", "decoder.1", "decoder.2"])
def test_a_layer_that_was_switched_off_is_found(vae, calm, layer):
    lesion = silenced(vae, layer)
    found = explained(lesion.network, calm)
    assert (found.layer, found.cause) == (layer, lesion.cause)


@pytest.mark.parametrize("layer", ["encoder.1", "encoder.2", "decoder.1"])
def test_a_layer_whose_weights_became_noise_is_found(vae, calm, layer):
    lesion = scrambled(vae, layer, seed=3)
    found = explained(lesion.network, calm)
    assert (found.layer, found.cause) == (layer, lesion.cause)


def test_a_dead_channel_is_found_and_takes_all_of_the_blame(vae, calm):
    found = explained(dead_channels(vae, "encoder.1", [4]).network, calm)
    assert (found.layer, found.cause) == ("encoder.1", Cause.DEAD_CHANNEL)
    assert (found.maps[0].channel, found.maps[0].share) == (4, 1.0)
    assert found.verdict == "lost at encoder.1, dead channel"


def test_the_healthy_network_is_not_at_fault(vae, calm):
    found = [explain(vae, x, [BOX], SIZE, calm).fault for x in streets(10, seed=5).split(1)]
    assert found == [None] * 10


def test_an_object_that_fills_little_of_a_cell_is_too_small_for_the_layer(vae):
    x = streets(1)
    way = passage(vae, x, *object_and_ring([BOX], SIZE, 16), probed=False)
    assert too_coarse(way, area_px=36.0) is None
    assert too_coarse(way, area_px=2.0) == "encoder.1"  # of 7 x 7 cells of 5.2 pixels each


def test_a_light_brighter_than_any_in_a_street_is_out_of_distribution(vae, calm):
    x = streets(1, seed=9)
    x[:, :, 4:10, 4:10] = 5.0
    found = explained(vae, calm, x)
    assert (found.cause, found.layer) == (Cause.OUT_OF_DISTRIBUTION, "image")


def test_without_calm_layers_an_object_is_odd_that_moves_a_latent_far_from_calm(vae):
    net = copy.deepcopy(vae)
    net.calm_still.fit(torch.tensor([[0.0, 0.0, 1.0], [1.0, 1.0, 2.0]]))
    x = streets(1, seed=9)
    x[:, :, 4:10, 4:10] = 5.0
    found = explained(net, x=x)
    assert (found.cause, found.layer) == (Cause.OUT_OF_DISTRIBUTION, "latent")


def test_the_shares_of_all_maps_add_up_to_one(vae):
    found = explained(vae)
    assert sum(one.share for one in found.maps) == pytest.approx(1.0)
    assert [one.share for one in found.maps] == sorted((m.share for m in found.maps), reverse=True)


def test_the_error_share_of_the_whole_frame_is_one(vae):
    assert explained(vae, box=(0.0, 0.0, 160.0, 160.0)).error_share == pytest.approx(1.0)


def test_a_frame_without_objects_has_an_error_but_no_regions(vae, calm):
    found = explain(vae, streets(1), [], SIZE, calm)
    assert (found.regions, found.fault, found.error_map.shape) == ((), None, (16, 16))


@pytest.mark.parametrize("box", [(200.0, 0.0, 240.0, 50.0), (50.0, 50.0, 50.0, 80.0)])
def test_a_box_that_covers_nothing_of_the_image_is_refused(vae, box):
    with pytest.raises(BadInput, match="box"):
        explained(vae, box=box)


def test_a_box_that_reaches_over_the_edge_is_explained_as_far_as_it_is_inside(vae):
    whole, cut = (explained(vae, box=(100.0, 100.0, end, end)) for end in (160.0, 300.0))
    assert cut.error_share == pytest.approx(whole.error_share)


def test_a_frame_with_nan_is_refused(vae):
    x = streets(1)
    x[0, 0, 3, 3] = math.nan
    with pytest.raises(BadInput, match="nan"):
        explained(vae, x=x)


def test_a_frame_of_another_size_is_refused(vae):
    with pytest.raises(BadInput, match="shape"):
        explained(vae, x=torch.zeros(1, 3, 32, 32))


def test_what_is_calm_to_another_network_is_refused(calm):
    with pytest.raises(BadInput, match="calm layers"):
        explain(Vae().eval(), torch.rand(1, 3, 64, 64), [BOX], SIZE, calm)


def test_a_backbone_that_was_not_fitted_is_refused():
    with pytest.raises(BadInput, match="no weights"):
        explain(RgBackbone(), torch.rand(1, 3, 64, 64), [BOX], SIZE)
