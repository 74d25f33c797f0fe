"""Learning to track: the loss by hand, pairs, and the recipes in small."""

import json
import math

import numpy as np
import pytest
import torch
from made_tracks import RED, write_coco, write_got10k, write_lasot
from safetensors.torch import load_file

from road_clarity.models.dinov2 import Dinov2
from road_clarity.models.errors import BadInput
from road_clarity.models.lora import adapt
from road_clarity.models.lorat import SIZES, Lorat, Regions, build_lorat
from road_clarity.models.lorat_crop import Affine, foreground, mean_colour
from road_clarity.models.lorat_crop import cut as cut_for_inference
from road_clarity.models.published import load
from road_clarity.models.vit import VitSize
from road_clarity.training import tracker, tracker_lorat
from road_clarity.training import tracker_answers as answers
from road_clarity.training.drop_path import drop_paths
from road_clarity.training.tracker_lorat import LoratConfig, LoratRecipe, freeze_and_adapt
from road_clarity.training.tracker_loss import ious, tracker_loss
from road_clarity.training.tracking_augment import blur_all, grey_all, recolour, solarise_all
from road_clarity.training.tracking_data import VARIATION
from road_clarity.training.tracking_pairs import PUBLISHED, Mixture, Sighting, cut, pair
from road_clarity.training.tracking_simulated import tracklets
from road_clarity.training.vit_optimiser import decay_groups, with_muon

REGIONS = Regions(template_px=56, search_px=112, search_factor=4.0)
TRUTH = torch.tensor([[0.0, 0.0, 0.5, 0.5]])


def boxes(*rows: list[float]) -> torch.Tensor:
    return torch.tensor([rows])


def test_overlap_and_its_generalised_form_by_hand():
    half, apart = boxes([0, 0, 0.5, 0.25]), boxes([0.5, 0, 0.75, 0.5])
    assert [one.item() for one in ious(half, TRUTH)] == pytest.approx([0.5, 0.5])
    beside = torch.tensor([[0.0, 0.0, 0.25, 0.5]])  # hull .375, union .25
    assert [one.item() for one in ious(apart, beside)] == pytest.approx([0.0, -1 / 3])


def test_a_token_on_the_target_should_say_how_well_its_box_overlaps():
    loss = tracker_loss(
        scores=torch.tensor([[0.0, math.log(3)]]),
        boxes=boxes([0, 0, 0.5, 0.25], [0.9, 0.9, 1, 1]),
        truth=TRUTH,
        covered=torch.tensor([[True, False]]),
    )
    surprise = math.log(2) + math.log(4)  # target .5 at logit 0; target 0 at logit log 3
    assert loss.item() == pytest.approx(surprise + (1 - 0.5))


def test_both_sums_are_divided_by_the_number_of_tokens_on_targets():
    twice = tracker_loss(
        scores=torch.zeros(1, 2),
        boxes=boxes([0, 0, 0.5, 0.25], [0, 0, 0.5, 0.5]),
        truth=TRUTH,
        covered=torch.tensor([[True, True]]),
    )
    assert twice.item() == pytest.approx((2 * math.log(2) + 0.5 + 0.0) / 2)


def test_the_wanted_score_does_not_pull_at_the_box():
    box = boxes([0, 0, 0.5, 0.25]).requires_grad_()
    outside = torch.tensor([[False]])
    tracker_loss(torch.zeros(1, 1), box, TRUTH, outside).backward()
    assert box.grad is not None and not box.grad.any()


def test_a_token_touched_from_the_left_counts_and_a_hair_to_the_right_does_not():
    mask = foreground((27.9999, 0.0, 42.0001, 14.0), 56)
    assert mask.tolist()[0] == [0, 1, 1, 0]


def test_training_cuts_the_region_that_inference_cuts():
    image = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    for view in (Affine((1.7, 1.7), (-80.3, -20.2)), Affine((0.6, 0.8), (10.4, 30.3))):
        frame = torch.from_numpy(image)
        wanted = cut_for_inference(frame, view, 56, mean_colour(frame))
        region, affine = cut(image, view, 56)
        assert affine == wanted.affine
        assert np.abs(region - 255 * wanted.image.permute(1, 2, 0).numpy()).max() < 1


def street(box: tuple[float, float, float, float]) -> Sighting:
    """A red object on grey."""
    image = np.full((240, 320, 3), 90, np.uint8)
    x0, y0, x1, y1 = (int(edge) for edge in box)
    image[y0:y1, x0:x1] = RED
    return Sighting(image, box, 0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("variation", [PUBLISHED, VARIATION], ids=["published", "edge"])
def test_the_box_of_a_pair_holds_the_object_wherever_it_went(seed, variation):
    plain = type(variation)(variation.stretch, variation.wander, lambda images, _: images)
    both = street((100, 80, 160, 140)), street((40, 60, 110, 130))
    made = pair(both, REGIONS, plain, np.random.default_rng(seed))
    assert made is not None
    red = made.search[..., 0].int() - made.search[..., 2].int() > 85  # (112, 112)
    rows, columns = torch.where(red)
    seen = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / 112
    assert torch.allclose(seen, made.box, atol=1.5 / 112)
    assert (made.box[2:] - made.box[:2]).min() >= 9.5 / 112
    assert made.covered.view(8, 8)[red.view(8, 14, 8, 14).any(dim=3).any(dim=1)].all()
    mask = made.template[..., 0].int() - made.template[..., 2].int() > 85
    assert made.template_mask.bool()[mask.view(4, 14, 4, 14).any(dim=3).any(dim=1)].all()


def test_a_target_that_no_region_can_show_is_no_pair():
    both = street((100, 80, 160, 140)), street((0, 100, 300, 101))  # a line, 1 px high
    assert pair(both, REGIONS, PUBLISHED, np.random.default_rng(0)) is None


def test_the_same_seed_and_number_give_the_same_pair():
    both = street((100, 80, 160, 140)), street((40, 60, 110, 130))
    mixture = Mixture((lambda _: both,), (1.0,), PUBLISHED)
    first, second = (mixture.draw(REGIONS, np.random.default_rng((7, 3))) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_deits_three_changes_by_hand():
    image = np.array([[[255, 0, 0], [10, 127, 128]]], np.uint8)
    rng = np.random.default_rng(0)
    assert grey_all([image], rng)[0][0, 0].tolist() == [76, 76, 76]
    assert solarise_all([image], rng)[0].tolist() == [[[0, 0, 0], [10, 127, 127]]]
    flat = np.full((9, 9, 3), 50, np.uint8)
    assert (blur_all([flat], rng)[0] == 50).all()
    assert len(recolour([image, image], rng)) == 2


def tiny() -> Lorat:
    torch.manual_seed(0)
    return Lorat(VitSize(width=12, depth=2, heads=2), REGIONS)


def batch(count: int = 3):
    both = street((100, 80, 160, 140)), street((40, 60, 110, 130))
    mixture = Mixture((lambda _: both,), (1.0,), PUBLISHED)
    (made,) = answers.check_pairs(mixture, REGIONS, count)
    return made


def test_all_tokens_answer_as_the_network_does():
    network, pairs = tiny().eval(), batch()
    said = answers.answer(network, pairs)
    known, asked = answers.ready(pairs.template), answers.ready(pairs.search)
    wanted = network(known, asked, pairs.template_mask)
    assert torch.allclose(said.scores, wanted.score_map.flatten(1), atol=1e-6)
    assert torch.allclose(said.boxes, wanted.boxes.flatten(1, 2), atol=1e-6)


def test_vectors_and_embeddings_do_not_decay():
    network = tiny()
    adapt(network.blocks, 2)
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    decays, others = decay_groups(named, 0.1)
    assert decays["weight_decay"] == 0.1 and others["weight_decay"] == 0.0
    kept = {id(p) for p in others["params"]}
    without = {name for name, p in named if id(p) in kept}
    assert {"token_type_embed", "pos_embed", "norm.bias", "head.cls_mlp.layers.0.bias"} <= without
    assert not any(".lora." in name for name in without)


def test_muon_takes_the_blocks_matrices_and_adam_the_rest_at_half_the_rate():
    network = tiny()
    adamw, muon = with_muon(network)
    inside = {id(p) for group in muon.param_groups for p in group["params"]}
    named = {name for name, p in network.named_parameters() if id(p) in inside}
    assert named == {
        f"blocks.{i}.{layer}.weight"
        for i in (0, 1)
        for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
    }
    assert [group["share"] for group in adamw.param_groups] == [0.5, 0.5]
    assert sum(len(g["params"]) for g in adamw.param_groups) == 4 + 2 * 10 + 2 + 12


def test_the_edge_tracker_goes_on_from_weights_with_a_larger_search_region(tmp_path):
    torch.manual_seed(0)
    larger = build_lorat("lorat_c4_224")
    torch.nn.init.normal_(larger.pos_embed)
    path = tmp_path / "larger.pth"
    torch.save(larger.state_dict(), path)
    network = tracker.start(tracker.TrackerConfig(start=path))
    kept = larger.pos_embed.view(16, 16, 192)[:12, :12].reshape(144, 192)
    assert torch.equal(network.pos_embed[0], kept)
    assert torch.equal(network.head.cls_mlp.layers[0].weight, larger.head.cls_mlp.layers[0].weight)
    assert not any(p.requires_grad for p in network.patch_embed.trunk.parameters())


def test_the_edge_tracker_refuses_to_go_on_from_another_network(tmp_path):
    path = tmp_path / "other.pth"
    torch.save(build_lorat("lorat_t6_224").state_dict(), path)
    with pytest.raises(BadInput, match="start .*must be of a lorat_c4 or lorat_k4"):
        tracker.start(tracker.TrackerConfig(start=path))


def test_lorat_b_learns_thirteen_million_weights_of_ninety_nine():
    with torch.device("meta"):
        network = build_lorat("lorat_b_224")
        freeze_and_adapt(network, 64)
    counts = {name: p.numel() for name, p in network.named_parameters() if p.requires_grad}
    assert sum(n for name, n in counts.items() if ".lora." in name) == 10_616_832
    assert sum(n for name, n in counts.items() if name.startswith("head.")) == 2_366_213
    assert counts["token_type_embed"] == 3 * 768
    assert len(counts) == 12 * 6 * 2 + 12 + 1


def test_a_skipped_branch_is_made_up_for_by_those_that_are_taken():
    network = tiny()
    drop_paths(network.blocks, 0.5)
    branch = network.blocks[0].ls1(torch.ones(4000, 1, 12))[:, 0, 0] / 1e-5
    assert set(branch.detach().round().tolist()) == {0.0, 2.0}
    assert branch.mean().item() == pytest.approx(1, abs=0.1)
    assert (network.eval().blocks[0].ls1(torch.ones(9, 1, 12)) == 1e-5).all()


def test_the_simulators_identities_become_tracklets_by_scene():
    from types import SimpleNamespace as Made

    def frame(second: int, *ids: int):
        seen = tuple(Made(id=one, box=(0.0, 0.0, 20.0, 20.0 if one != 9 else 5.0)) for one in ids)
        return Made(image=np.zeros(1), stamp_ns=second * 10**9, truth=Made(instances=seen))

    found = tracklets([frame(0, 1, 2, 9), frame(1, 1), frame(0, 1)])
    assert [[one.index for one in each] for each in found] == [[0, 10], [0], [0]]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Random weights with the names of DINOv2's."""
    torch.manual_seed(0)
    names = Dinov2(SIZES["t6"]).state_dict()
    state = {key: 0.02 * torch.randn(value.shape) for key, value in names.items()}
    path = tmp_path_factory.mktemp("base") / "dinov2.pth"
    torch.save(state, path)
    return path


def config(base, data, **changes) -> LoratConfig:
    settings = {
        "base": base, "architecture": "lorat_t6_224", "got10k": write_got10k(data / "got10k"),
        "rank": 4, "steps": 1, "batch": 2, "checked": 2, "check_every": 1, "warm_up": 0,
    }  # fmt: skip
    return LoratConfig(**(settings | changes))


def test_the_rate_is_warmed_up_and_ends_near_the_published_last_one(base, tmp_path):
    recipe = LoratRecipe(config(base, tmp_path, steps=170, warm_up=2))
    assert recipe.rate(0) == 1e-7
    assert recipe.rate(2) == 1e-4
    assert recipe.rate(1) == pytest.approx((1e-7 + 1e-4) / 2)
    assert 1e-6 < recipe.rate(169) < 1.2e-6


def test_only_adaptations_types_and_head_learn(base, tmp_path):
    recipe = LoratRecipe(config(base, tmp_path))
    learning = {n for n, p in recipe.network.named_parameters() if p.requires_grad}
    assert all(".lora." in n or n.startswith(("head.", "token_type")) for n in learning)
    assert sum(".lora." in n for n in learning) == 6 * 6 * 2


def test_every_data_set_is_asked_equally_often(base, tmp_path):
    lasot = write_lasot(tmp_path / "lasot")
    recipe = LoratRecipe(config(base, tmp_path, lasot=lasot, coco=None))
    assert recipe.pairs.shares == (0.5, 0.5)


@pytest.mark.parametrize("changes", [{"got10k": None}, {"coco": "one"}])
def test_data_that_do_not_suffice_are_refused(base, tmp_path, changes):
    if changes.get("coco"):
        changes = {"coco": write_coco(tmp_path / "coco")}
    with pytest.raises(BadInput, match="data"):
        LoratRecipe(config(base, tmp_path, **changes))


def test_a_base_of_another_size_is_refused(base, tmp_path):
    with pytest.raises(BadInput, match=r"dinov2_vitb14_pretrain.pth; .* missing"):
        LoratRecipe(config(base, tmp_path, architecture="lorat_b_224"))


def test_the_published_recipe_learns_resumes_and_leaves_weights_that_can_be_imported(
    base, tmp_path
):
    out = tmp_path / "out"
    tracker_lorat.train(config(base, tmp_path), out)
    tracker_lorat.train(config(base, tmp_path, steps=2), out)
    logged = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in logged] == [1, 2]
    state = load_file(out / "best.safetensors")
    assert "blocks.0.attn.qkv.q.linear.weight" in state and "blocks.0.mlp.fc1.lora.A" in state
    network = load("lorat_t6_224", state)
    assert "blocks.0.attn.qkv.weight" in network.state_dict()
