"""Where an object gets lost on its way through the world model: cases made by hand."""

import math

import pytest
import torch

from road_clarity.models.vae import Vae
from road_clarity.safety.explanation import (
    LayerView,
    coverage,
    explain,
    object_and_ring,
    separability,
    verdict,
)

BOX = (160.0, 160.0, 480.0, 480.0)  # 16 x 16 of the 64 pixels in the middle of a 1280 x 1280 frame
BOX_64 = (24.0, 24.0, 40.0, 40.0)


def layers(**separabilities: float) -> tuple[LayerView, ...]:
    return tuple(LayerView(k.replace("_", "."), s, ()) for k, s in separabilities.items())


def test_an_object_that_no_channel_tells_from_its_ring_is_lost_there():
    seen = layers(image=4.0, encoder_1=3.0, encoder_2=0.4, encoder_3=2.0, decoder_1=3.0)
    assert verdict(seen, latent_change=3.0, odd=False) == "lost at encoder.2"


def test_seen_by_the_encoder_but_without_trace_in_the_latent_means_the_bottleneck():
    seen = layers(image=4.0, encoder_1=3.0, decoder_1=0.1)
    assert verdict(seen, latent_change=0.2, odd=False) == "lost in the bottleneck"


def test_in_the_latent_but_not_drawn_means_the_decoder():
    seen = layers(image=4.0, encoder_1=3.0, decoder_1=2.0, decoder_2=0.3)
    assert verdict(seen, latent_change=3.0, odd=True) == "lost at decoder.2"


def test_never_lost_but_with_an_unknown_latent_is_out_of_distribution():
    seen = layers(image=4.0, encoder_1=3.0, decoder_1=2.0)
    assert verdict(seen, latent_change=3.0, odd=True) == "out of distribution"
    assert verdict(seen, latent_change=3.0, odd=False) == "redrawn"


def test_a_layer_too_coarse_for_the_object_is_not_blamed():
    seen = layers(image=4.0, encoder_4=math.nan, decoder_1=2.0)
    assert verdict(seen, latent_change=3.0, odd=False) == "redrawn"


def test_a_box_covers_parts_of_the_pixels_on_its_edge():
    covered = coverage(1.0, 0.0, 2.5, 1.0)
    assert covered[0, :4].tolist() == [0.0, 1.0, 0.5, 0.0]
    assert float(covered.sum()) == 1.5


def test_the_ring_lies_around_the_object_half_its_size_wide():
    inside, ring = object_and_ring((480.0, 480.0, 800.0, 800.0), (1280, 1280))
    assert (float(inside.sum()), float(ring.sum())) == (16 * 16, 32 * 32 - 16 * 16)
    assert float((inside * ring).sum()) == 0.0


def test_separability_is_the_difference_in_deviations_of_the_background():
    inside, ring = coverage(*BOX_64), coverage(16.0, 16.0, 48.0, 48.0) - coverage(*BOX_64)
    columns = torch.arange(64) % 2 * 2.0 - 1.0  # background of -1 and 1: deviation 1
    features = columns.expand(1, 64, 64).clone()
    features[0, 24:40, 24:40] = 3.06
    assert float(separability(features, inside, ring)) == pytest.approx(3.0, rel=1e-3)


def test_a_grid_of_two_by_two_cannot_tell_an_object_in_the_middle_from_its_ring():
    inside, ring = object_and_ring((480.0, 480.0, 800.0, 800.0), (1280, 1280))
    assert separability(torch.rand(5, 2, 2), inside, ring).isnan().all()


@pytest.fixture
def vae() -> Vae:
    """Untrained, loud enough that a white square on black is seen all the way through."""
    torch.manual_seed(0)
    net = Vae().eval().requires_grad_(False)
    for layer in (*net.encoder, net.expand, *net.decoder):
        torch.nn.init.kaiming_normal_(layer.weight)
    net.calm_latent.fit(torch.randn(200, 32))
    net.calm_pixels.fit(torch.randn(9, 64, 64))
    net.calm_still.fit(torch.randn(9, 3))
    return net


def white_square() -> torch.Tensor:
    x = torch.zeros(1, 3, 64, 64)
    x[:, :, 8:24, 8:24] = 1.0
    return x


def explained(vae: Vae):
    return explain(vae, white_square(), [BOX], (1280, 1280)).regions[0]


def test_the_square_is_seen_by_every_layer_of_the_encoder_fine_enough_for_it(vae):
    by_name = {layer.name: layer.separability for layer in explained(vae).layers}
    assert all(by_name[name] > 1.0 for name in ("image", "encoder.1", "encoder.2"))
    assert explained(vae).latent_change > 1.0


def test_a_layer_that_was_switched_off_is_found(vae):
    vae.encoder[1].weight.zero_()
    assert explained(vae).verdict == "lost at encoder.2"


def test_a_latent_that_was_cut_off_is_found(vae):
    vae.mu.weight.zero_()
    assert explained(vae).latent_change == 0.0
    assert explained(vae).verdict == "lost in the bottleneck"


def test_a_decoder_layer_that_was_switched_off_is_found(vae):
    vae.decoder[0].weight.zero_()
    assert explained(vae).verdict == "lost at decoder.1"


def test_an_invisible_object_is_already_lost_in_the_picture(vae):
    region = explain(vae, torch.zeros(1, 3, 64, 64), [BOX], (1280, 1280)).regions[0]
    assert region.verdict == "lost at image"


def test_the_best_maps_are_named_with_their_share(vae):
    first = explained(vae).layers[1]
    assert len(first.top) == 3
    assert 0 < first.top[2].share <= first.top[0].share < 1
    assert first.top[0].activation.shape == (31, 31)


def test_the_error_share_of_the_whole_frame_is_one(vae):
    region = explain(vae, white_square(), [(0.0, 0.0, 1280.0, 1280.0)], (1280, 1280)).regions[0]
    assert region.error_share == pytest.approx(1.0)
