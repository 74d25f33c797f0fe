"""Published checkpoints give the published outputs; what does not fit is refused."""

import pytest
import torch
from golden import formula, needs_golden, outputs, published_state

from road_clarity.models import load_published
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import PUBLISHED, build_ffnet
from road_clarity.models.lora import adapt
from road_clarity.models.lorat import build_lorat
from road_clarity.models.published import translate
from road_clarity.models.registry import BUILDERS, build
from road_clarity.models.scnn import ScnnVgg16

SMALL = "lorat_t6_224"  # ours; the same layout as the published sizes


def refusal(name, state, base=None) -> str:
    with pytest.raises(BadInput) as caught:
        load_published(name, state, base)
    return str(caught.value)


def small_ffnet(classes: int = 19) -> dict[str, torch.Tensor]:
    return build_ffnet("ffnet_22s_bcc", classes).state_dict()


def as_golden(output: torch.Tensor, expected) -> bool:
    return bool((output - torch.from_numpy(expected)).abs().max() < 1e-4 * expected.std())


@needs_golden
def test_scnn_says_what_the_reference_says():
    network = load_published("scnn_vgg16", published_state("scnn_vgg16_288x800"))
    with torch.inference_mode():
        maps = network(formula().image("visible/scnn/image", (1, 3, 288, 800)))
    golden = outputs("scnn_vgg16_288x800")
    assert as_golden(maps.logits, golden["logits"])
    assert as_golden(maps.existence, golden["exist"])


@needs_golden
@pytest.mark.parametrize("name", ["ffnet_40s_bbb", "ffnet_46ns_ccc", "ffnet_78s_dbbb"])
def test_ffnet_says_what_the_reference_says(name):
    network = load_published(name, published_state(f"{name}_256x512"))
    with torch.inference_mode():
        logits = network(formula().image(f"visible/{name}/image", (1, 3, 256, 512)))
    (golden,) = outputs(f"{name}_256x512").values()
    assert as_golden(logits[:, :, ::4, ::4], golden)


@needs_golden
def test_lorat_says_what_the_reference_says():
    network = load_published("lorat_s_224", published_state("lorat_s_224"))
    mask = torch.zeros(1, 8, 8, dtype=torch.long)
    mask[:, 2:6, 2:6] = 1
    with torch.inference_mode():
        said = network(
            formula().image("visible/lorat_s_224/template", (1, 3, 112, 112)),
            formula().image("visible/lorat_s_224/search", (1, 3, 224, 224)),
            mask,
        )
    golden = outputs("lorat_s_224")
    assert as_golden(said.score_map, golden["score_map"])
    assert as_golden(said.boxes, golden["boxes"])


@needs_golden
@pytest.mark.parametrize("case", ["ffnet_46ns_ccc_256x512", "lorat_s_224"])
def test_a_key_more_or_less_than_published_is_refused(case):
    name, state = case.removesuffix("_256x512"), published_state(case, salt="other")
    key = next(key for key in state if key.endswith(".weight"))
    assert f"1 unknown: {key}2" in refusal(name, state | {f"{key}2": state[key]})
    del state[key]
    assert f"1 missing: {key}" in refusal(name, state)


def test_an_ffnet_checkpoint_tells_how_many_classes_it_knows():
    network = load_published("ffnet_22s_bcc", small_ffnet(classes=7))
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, 64, 64))
    assert (logits.shape, network.training) == ((1, 7, 16, 16), False)


def test_the_smoothing_of_a_pre_down_checkpoint_is_left_out():
    state = small_ffnet() | {"smoothing.weight": torch.ones(3, 1, 5, 5)}
    plain = translate("ffnet_22s_bcc", state)
    assert plain.layout == "FFNet pre_down"
    assert "smoothing.weight" not in plain.state


def test_the_class_weights_of_scnn_s_loss_are_left_out():
    state = ScnnVgg16().state_dict()
    assert translate("scnn_vgg16", state | {"ce_loss.weight": torch.ones(5)}).state.keys() == (
        state.keys()
    )


def test_an_scnn_for_tusimple_sees_smaller_images():
    state = ScnnVgg16((288, 512)).state_dict()
    assert load_published("scnn_vgg16", state).input_size == (288, 512)


@pytest.mark.parametrize("holder", ["net", "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_what_training_wrapped_around_is_taken_off(holder, prefix):
    state = small_ffnet()
    wrapped = {"epoch": 3, holder: {prefix + key: value for key, value in state.items()}}
    assert translate("ffnet_22s_bcc", wrapped).state.keys() == state.keys()


def test_half_precision_becomes_float32_and_counters_stay_integers():
    state = {k: v.half() if v.is_floating_point() else v for k, v in small_ffnet().items()}
    loaded = load_published("ffnet_22s_bcc", state).state_dict()
    assert loaded["backbone_model.conv0.weight"].dtype == torch.float32
    assert loaded["backbone_model.bn0.num_batches_tracked"].dtype == torch.int64


def test_checkpoints_older_than_the_counters_of_batches_are_whole():
    state = {k: v for k, v in small_ffnet().items() if not k.endswith("num_batches_tracked")}
    network = load_published("ffnet_22s_bcc", state)
    assert network.backbone_model.bn0.num_batches_tracked.item() == 0


def test_the_network_does_not_change_with_the_dict_it_came_from():
    state = small_ffnet()
    network = load_published("ffnet_22s_bcc", state)
    before = network.backbone_model.conv0.weight.clone()
    state["backbone_model.conv0.weight"].zero_()
    assert torch.equal(network.backbone_model.conv0.weight, before)


@pytest.mark.parametrize(
    "name", ["scnn_vgg16", "scnn_vgg16_pad", "ffnet_50_daaa", "ffnet_46n_cbb", "lorat_s_378"]
)
def test_all_numbers_of_a_network_stand_in_its_state_dict(name):
    with torch.device("meta"):  # it is loaded into memory that nobody cleared
        network = build(name)
    numbers = {key for key, _ in network.named_buffers()}
    numbers |= {key for key, _ in network.named_parameters()}
    assert numbers == network.state_dict().keys()


def test_every_missing_unknown_and_reshaped_key_is_counted_and_named():
    state = small_ffnet()
    del state["backbone_model.conv0.weight"]
    state["head.anchor"] = torch.zeros(1)
    state["backbone_model.bn0.bias"] = torch.zeros(31)
    assert refusal("ffnet_22s_bcc", state) == (
        "state dict for ffnet_22s_bcc: 1 missing: backbone_model.conv0.weight; "
        "1 unknown: head.anchor; "
        "1 of another shape or type: backbone_model.bn0.bias (31, must be 32)"
    )


def test_quantised_weights_are_not_taken_for_floats():
    state = small_ffnet()
    state["backbone_model.bn0.bias"] = torch.zeros(32, dtype=torch.int8)
    assert "backbone_model.bn0.bias (integer 32, must be 32)" in refusal("ffnet_22s_bcc", state)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_number_that_is_none_is_refused(bad):
    state = small_ffnet()
    state["backbone_model.bn0.bias"][3] = bad
    assert "1 with nan or infinity: backbone_model.bn0.bias" in refusal("ffnet_22s_bcc", state)


@pytest.mark.parametrize(
    ("name", "fits"),
    [("ffnet_54s_bbb", "ffnet_40s_bbb"), ("ffnet_40s_dbbb", "ffnet_40s_bbb"),
     ("scnn_vgg16", "ffnet_40s_bbb"), ("lorat_b_224", "ffnet_40s_bbb")],
)  # fmt: skip
def test_a_checkpoint_of_another_network_is_named(name, fits):
    with torch.device("meta"):
        state = {k: torch.zeros(v.shape, dtype=v.dtype, device="cpu")
                 for k, v in build_ffnet("ffnet_40s_bbb").state_dict().items()}  # fmt: skip
    assert f"it looks like {fits}: use that name" in refusal(name, state)


def test_two_members_with_the_same_keys_are_both_named():
    with torch.device("meta"):
        shapes = {
            key: value.shape for key, value in build_ffnet("ffnet_50_aaa").state_dict().items()
        }
    state = {key: torch.zeros(()).expand(shape) for key, shape in shapes.items()}
    assert "it looks like ffnet_50_aaa or ffnet_50_daaa" in refusal("ffnet_56_aaa", state)


@pytest.mark.parametrize("name", ["yolop", "scnn_vgg16_wide", "ffnet_41s_bbb", "lorat_x_224"])
def test_a_name_that_was_never_published_is_refused(name):
    assert name in refusal(name, small_ffnet())


@pytest.mark.parametrize("content", [{}, [], None, {"net": {}}, {"a": "text"}, {3: torch.ones(1)}])
def test_what_is_no_state_dict_is_refused(content):
    assert refusal("ffnet_22s_bcc", content).startswith("checkpoint ")


def test_a_checkpoint_that_holds_itself_is_refused():
    content = {}
    content["net"] = content
    assert "is a dict, must be a tensor" in refusal("ffnet_22s_bcc", content)


def test_a_sparse_tensor_is_refused():
    state = small_ffnet() | {"backbone_model.bn0.bias": torch.zeros(32).to_sparse()}
    assert "must be a dense tensor" in refusal("ffnet_22s_bcc", state)


def test_every_published_name_can_be_loaded():
    ours = ("t_", "t6_", "c4_", "k4_")
    lorats = [n for n in BUILDERS if n.startswith("lorat_") and not n[6:].startswith(ours)]
    lorats = [name for name in lorats if not name.endswith("_168")]  # ours as well
    assert len(lorats) == 8
    assert set(PUBLISHED) | set(lorats) | {"scnn_vgg16"} <= BUILDERS.keys()


def adapted_checkpoint(rank: int = 4) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network = build_lorat(SMALL)
    adapt(network.blocks, rank)
    return network.state_dict()


def test_adaptations_of_any_rank_are_merged():
    state = adapted_checkpoint(rank=3)
    plain = translate(SMALL, state)
    assert plain.layout == "LoRAT adapted"
    base, name = state["blocks.0.attn.proj.linear.weight"], "blocks.0.attn.proj.lora"
    expected = base + state[f"{name}.B"] @ state[f"{name}.A"]
    assert torch.allclose(plain.state["blocks.0.attn.proj.weight"], expected)


def test_alpha_may_stand_once_or_beside_every_layer():
    state = adapted_checkpoint(rank=4)
    once = state | {"lora_alpha": torch.tensor(8.0), "use_rslora": torch.tensor(False)}
    each = state | {
        key.replace(".lora.A", ".lora.alpha"): torch.tensor(8.0)
        for key in state
        if key.endswith(".lora.A")
    }
    name = "blocks.1.mlp.fc1.weight"
    assert torch.equal(translate(SMALL, once).state[name], translate(SMALL, each).state[name])
    assert not torch.equal(translate(SMALL, once).state[name], translate(SMALL, state).state[name])


def test_an_adaptation_that_lost_its_half_is_refused():
    state = adapted_checkpoint()
    del state["blocks.2.mlp.fc2.lora.B"]
    assert "1 missing: blocks.2.mlp.fc2.lora.B" in refusal(SMALL, state)


def test_a_merged_checkpoint_is_taken_as_it_is():
    state = build_lorat(SMALL).state_dict()
    assert translate(SMALL, state).layout == "LoRAT merged"
    assert translate(SMALL, state).state.keys() == state.keys()
