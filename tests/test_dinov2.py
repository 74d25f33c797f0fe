"""What the authors of LoRAT trained, laid on DINOv2's published weights."""

import pytest
import torch

from road_clarity.models import load_published
from road_clarity.models.dinov2 import Dinov2, resized, trunk
from road_clarity.models.errors import BadInput
from road_clarity.models.lora import adapt
from road_clarity.models.lorat import SIZES, build_lorat
from road_clarity.models.registry import build

NAME, WIDTH, SIDE = "lorat_t6_224", 192, 16


def base() -> dict[str, torch.Tensor]:
    """A made DINOv2 of the width and depth of our smallest tracker."""
    torch.manual_seed(1)
    state = build_lorat(NAME).state_dict()
    kept = {k: v for k, v in state.items() if not k.startswith(("head.", "token_type_embed"))}
    return kept | {
        "pos_embed": torch.randn(1, 37 * 37 + 1, WIDTH),
        "cls_token": torch.zeros(1, 1, WIDTH),
        "mask_token": torch.zeros(1, WIDTH),
    }


def trained() -> dict[str, torch.Tensor]:
    """Adaptations, token types and head, as the tracker's authors publish them."""
    torch.manual_seed(2)
    network = build_lorat(NAME)
    adapt(network.blocks, rank=2)
    parts = ("head.", "token_type_embed")
    return {k: v for k, v in network.state_dict().items() if ".lora." in k or k.startswith(parts)}


def test_the_trained_parts_are_laid_on_the_base():
    below, above = base(), trained()
    loaded = load_published(NAME, above, below).state_dict()
    key = "blocks.5.mlp.fc1"
    expected = below[f"{key}.weight"] + above[f"{key}.lora.B"] @ above[f"{key}.lora.A"]
    assert torch.allclose(loaded[f"{key}.weight"], expected)
    assert torch.equal(loaded["patch_embed.proj.weight"], below["patch_embed.proj.weight"])
    assert torch.equal(loaded["token_type_embed"], above["token_type_embed"])


def test_query_key_and_value_get_their_own_adaptations():
    below, above = base(), trained()
    weight = load_published(NAME, above, below).state_dict()["blocks.0.attn.qkv.weight"]
    key = "blocks.0.attn.qkv.k.lora"
    expected = below["blocks.0.attn.qkv.weight"][WIDTH : 2 * WIDTH]
    expected = expected + above[f"{key}.B"] @ above[f"{key}.A"]
    assert torch.allclose(weight[WIDTH : 2 * WIDTH], expected)


def test_positions_are_resized_by_the_size_of_the_result():
    ramp = torch.arange(37.0).repeat(37, 1).reshape(1, 37 * 37, 1)  # each column its number
    row = resized(ramp, SIDE).view(SIDE, SIDE)[8]
    centres = (torch.arange(SIDE) + 0.5) * 37 / SIDE - 0.5
    assert torch.allclose(row[2:-2], centres[2:-2], atol=0.06)  # bicubic is not linear


def test_positions_of_the_same_grid_stay_as_they_are():
    places = torch.randn(1, 37 * 37, 3)
    assert torch.equal(resized(places, 37), places)


def test_the_class_token_and_its_position_go():
    state = trunk(base(), SIDE)
    assert state["pos_embed"].shape == (1, SIDE * SIDE, WIDTH)
    assert "cls_token" not in state


def test_its_own_files_have_the_published_names():
    with torch.device("meta"):
        state = build("dinov2_vits14").state_dict()
    assert state["pos_embed"].shape == (1, 1370, 384)
    assert state["cls_token"].shape == (1, 1, 384)
    assert state["mask_token"].shape == (1, 384)
    assert len(state) == 3 + 2 + 12 * 14 + 2  # tokens, patches, blocks, norm


def test_features_begin_with_the_class_token_s():
    network = Dinov2(SIZES["t6"]).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 28, 42)).shape == (1, 1 + 2 * 3, WIDTH)


def test_positions_are_taken_as_they_are_at_the_size_of_training():
    network = Dinov2(SIZES["t6"])
    torch.nn.init.normal_(network.pos_embed)
    here = network.places(37, 37).flatten(2)[0].T
    assert torch.equal(here, network.pos_embed[0, 1:])


def refusal(state, below=None) -> str:
    with pytest.raises(BadInput) as caught:
        load_published(NAME, state, below)
    return str(caught.value)


def test_without_a_base_the_sentence_asks_for_it():
    assert "holds only what was trained" in refusal(trained())


def test_a_base_alone_is_no_tracker():
    sentence = refusal(base())
    assert "missing: token_type_embed, head.cls_mlp.layers.0.weight" in sentence
    assert "give a LoRAT checkpoint, and this one as its base" in sentence


def test_a_base_of_another_size_is_refused():
    other = base() | {"norm.weight": torch.ones(384)}
    assert "norm.weight (384, must be 192)" in refusal(trained(), other)


def test_a_base_that_is_not_needed_is_refused():
    assert "leave it out" in refusal(build_lorat(NAME).state_dict(), base())


def test_only_a_tracker_stands_on_a_base():
    with pytest.raises(BadInput, match="only LoRAT stands on a base"):
        load_published("scnn_vgg16", {"fc.0.weight": torch.ones(1)}, base())
