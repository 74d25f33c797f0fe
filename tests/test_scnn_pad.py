"""pytorch-auto-drive's SCNN: its keys, and the message passing its weights were trained with."""

import pytest
import torch

from road_clarity.models import load_published
from road_clarity.models.published import translate
from road_clarity.models.scnn_pad import NAMES, BiasedPass, ScnnVgg16Pad


def as_published() -> dict[str, torch.Tensor]:
    names = {ours: theirs for theirs, ours in NAMES.items()}
    state = {}
    for key, value in ScnnVgg16Pad().state_dict().items():
        ours = next(one for one in names if key.startswith(one))
        state[names[ours] + key.removeprefix(ours)] = value
    return state


def test_its_keys_become_ours():
    published = as_published()
    assert {"encoder.net.40.bias", "scnn.conv_d.bias", "lane_classifier.linear2.weight"} <= (
        published.keys()
    )
    plain = translate("scnn_vgg16_pad", {"model": published})
    assert plain.layout == "pytorch-auto-drive"
    assert torch.equal(
        plain.state["message_passing.right_left.bias"], published["scnn.conv_l.bias"]
    )


def test_it_is_not_taken_for_the_published_network():
    with pytest.raises(ValueError, match="it looks like scnn_vgg16_pad: use that name"):
        load_published("scnn_vgg16", as_published())


def test_every_message_has_a_bias():
    down = BiasedPass(1, rows=True, reverse=False)
    torch.nn.init.zeros_(down.weight)
    torch.nn.init.constant_(down.bias, 2.0)
    assert down(torch.zeros(1, 1, 3, 1)).flatten().tolist() == [0.0, 2.0, 2.0]


def test_on_the_way_up_the_first_row_stays_as_it_was():
    up = BiasedPass(1, rows=True, reverse=True)
    torch.nn.init.zeros_(up.weight)
    torch.nn.init.constant_(up.bias, 2.0)
    assert up(torch.zeros(1, 1, 4, 1)).flatten().tolist() == [0.0, 2.0, 2.0, 0.0]


def test_on_the_way_left_the_first_column_stays_as_it_was():
    left = BiasedPass(1, rows=False, reverse=True)
    torch.nn.init.constant_(left.weight, 1.0)
    torch.nn.init.zeros_(left.bias)
    assert left(torch.ones(1, 1, 1, 4)).flatten().tolist() == [1.0, 3.0, 2.0, 1.0]


def test_its_network_looks_at_the_published_size():
    network = load_published("scnn_vgg16_pad", as_published())
    with torch.inference_mode():
        maps = network(torch.zeros(1, 3, 288, 800))
    assert maps.logits.shape == (1, 5, 36, 100)
    assert maps.existence.shape == (1, 4)
