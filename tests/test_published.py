"""Published checkpoints."""

import pytest
import torch

from road_clarity.models import load_published
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import build_ffnet


def test_an_ffnet_checkpoint_tells_how_many_classes_it_knows():
    network = load_published("ffnet_22s_dbbb", build_ffnet("ffnet_22s_dbbb", 7).state_dict())
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, 64, 64))
    assert (logits.shape, network.training) == ((1, 7, 8, 8), False)


def test_the_smoothing_of_a_pre_down_checkpoint_is_left_out():
    state = build_ffnet("ffnet_22s_bcc").state_dict()
    loaded = load_published("ffnet_22s_bcc", state | {"smoothing.weight": torch.ones(3, 1, 5, 5)})
    assert "smoothing.weight" not in loaded.state_dict()


@pytest.mark.parametrize("name", ["ffnet_30s_bbb", "lorat_s_224", "scnn_vgg16", "yolop"])
def test_a_checkpoint_of_another_network_is_refused(name):
    with pytest.raises(BadInput):
        load_published(name, build_ffnet("ffnet_22s_bbb").state_dict())
