"""What every layer answers on calm frames: the first that answers otherwise is at fault."""

import pytest
import torch
from tiny_world import BOX, SIZE, streets, tiny_calm, tiny_vae

from road_clarity.models.errors import BadInput
from road_clarity.safety.calm_layers import CalmLayer, CalmLayers, calm_layers, liveliness, silent
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import explain
from road_clarity.safety.lesions import scrambled


def fitted() -> CalmLayer:
    """Two channels and a third that is silent now and then, on 2 x 2 cells."""
    torch.manual_seed(0)
    part = CalmLayer(3)
    frames = torch.randn(120, 3, 2, 2)
    lively = 0.2 * torch.randn(120, 3)
    lively[::10, 2] = -20.0
    probes = torch.randn(120, 2, 3, 2, 2)
    part.fit(frames, probes, lively, [torch.ones(1, 4, 4)] * 120)
    return part


def test_liveliness_is_the_spread_of_a_channel_against_the_layer_before():
    image = torch.zeros(2, 1, 1, 2)
    image[0, 0, 0] = torch.tensor([-1.0, 1.0])
    image[1, 0, 0] = torch.tensor([1.0, -1.0])
    layer = torch.cat([3 * image, torch.ones_like(image)], dim=1)
    alive = liveliness({"image": image, "encoder.1": layer})
    assert alive["encoder.1"].exp().tolist() == pytest.approx([3.0, 0.0], abs=1e-5)
    assert silent(alive["encoder.1"]).tolist() == [False, True]


@pytest.mark.claim("true_cause")
def test_a_channel_is_dead_that_spoke_in_every_calm_frame_and_is_silent_now():
    part, quiet = fitted(), torch.tensor([-20.0, 0.0, -20.0])
    assert part.dead(quiet).tolist() == [True, False, False]  # the third is silent at times


@pytest.mark.claim("true_cause")
def test_light_and_contrast_change_all_channels_alike_and_are_no_fault():
    part = fitted()
    calm = torch.randn(2, 3, 2, 2)
    darker = torch.tensor([-2.0, -2.0, -20.0])
    assert part.fault("encoder.1", calm, darker) is None


def test_channels_that_change_against_each_other_mean_a_broken_layer():
    part = fitted()
    found = part.fault("encoder.1", torch.randn(2, 3, 2, 2), torch.tensor([3.0, -3.0, -20.0]))
    assert found is not None and found.cause is Cause.BROKEN_LAYER
    assert float(found.shares.sum()) == pytest.approx(1.0)


def test_cells_far_from_calm_ones_are_novel():
    part = fitted()
    features = torch.zeros(3, 2, 2)
    features[:, 0, 0] = 10.0
    novelty = part.novelty(features)
    assert int(novelty.argmax()) == 0
    unlike = part.unlike(features, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    assert float(unlike.sum().log()) == pytest.approx(float(novelty[0, 0]), abs=1e-4)


def test_what_calm_is_can_be_kept_and_loaded():
    net = tiny_vae()
    calm = tiny_calm(net)
    again = CalmLayers({name: len(part.get_buffer("steady")) for name, part in calm.items()})
    again.load_state_dict(calm.state_dict())
    assert torch.equal(again["latent"].get_buffer("change_limit"),
                       calm["latent"].get_buffer("change_limit"))  # fmt: skip


def test_what_is_stored_comes_back_layer_by_layer_and_finds_the_same_faults():
    net = tiny_vae()
    again = CalmLayers.restored(tiny_calm(net).stored())
    assert again.names == tiny_calm(net).names
    x = streets(1, seed=3)
    assert explain(net, x, [BOX], SIZE, again).fault is None
    broken = scrambled(net, "encoder.1", 0)
    told = explain(broken.network, x, [BOX], SIZE, again)
    assert told.fault is not None and told.fault.layer == "encoder.1"


def test_calm_layers_of_which_a_part_is_missing_are_refused():
    stored = tiny_calm(tiny_vae()).stored()
    del stored[next(key for key in stored if key.endswith("latent/object_limit"))]
    with pytest.raises(BadInput, match="calm layers latent: are incomplete: 1 missing"):
        CalmLayers.restored(stored)


def test_other_weights_are_no_calm_layers():
    with pytest.raises(BadInput, match="is no file of calm layers"):
        CalmLayers.restored({"encoder.0.weight": torch.zeros(1)})


def test_too_few_calm_frames_are_refused():
    with pytest.raises(BadInput, match="calm frames 99"):
        calm_layers(tiny_vae(), streets(99), [[BOX]] * 99, SIZE)
