"""pytorch-auto-drive's SCNN: its keys, and the message passing its weights were trained with."""

import pytest
import torch

from road_clarity.models import load_published
from road_clarity.models.published import translate
from road_clarity.models.scnn_pad import NAMES, ScnnVgg16Pad


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


def test_every_message_has_a_bias_and_the_first_row_and_column_are_spared():
    passing = ScnnVgg16Pad().message_passing
    assert all(one.bias is not None for one in passing.passes)
    assert [one.order(4) for one in passing.passes] == [[0, 1, 2, 3], [3, 2, 1]] * 2


def test_its_network_looks_at_the_published_size():
    network = load_published("scnn_vgg16_pad", as_published())
    with torch.inference_mode():
        maps = network(torch.zeros(1, 3, 288, 800))
    assert maps.logits.shape == (1, 5, 36, 100)
    assert maps.existence.shape == (1, 4)
