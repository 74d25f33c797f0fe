"""LoRAT: its families, its published layout, and the arithmetic of its crops."""

import pytest
import torch

from road_clarity.models.lora import adapt
from road_clarity.models.lorat import SEARCH, Head, Lorat, Regions, build_lorat
from road_clarity.models.lorat_crop import (
    Affine,
    around,
    best_token,
    clipped,
    cut,
    enlarged,
    foreground,
    hann_window,
    mean_colour,
)
from road_clarity.models.vit import VitSize

TINY = Regions(template_px=28, search_px=56, search_factor=4.0)


def tiny() -> Lorat:
    torch.manual_seed(0)
    return Lorat(VitSize(width=12, depth=2, heads=2), TINY).eval()


def look(network: Lorat) -> torch.Tensor:
    mask = torch.tensor([[[0, 1], [0, 1]]])
    generator = torch.Generator().manual_seed(1)
    template = torch.randn(1, 3, 28, 28, generator=generator)
    search = torch.randn(1, 3, 56, 56, generator=generator)
    with torch.inference_mode():
        return network(template, search, mask).score_map


@pytest.mark.parametrize(
    ("name", "entries", "millions"),
    [
        ("lorat_s_224", 186, 22.2),
        ("lorat_b_224", 186, 88.1),
        ("lorat_b_378", 186, 88.5),
        ("lorat_l_224", 354, 307.4),
    ],
)
def test_the_published_sizes(name, entries, millions):
    with torch.device("meta"):
        network = build_lorat(name)
    assert len(network.state_dict()) == entries
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == pytest.approx(millions)


def test_the_giant_has_gated_mlps_of_4096():
    with torch.device("meta"):
        state = build_lorat("lorat_g_224").state_dict()
    assert state["blocks.39.mlp.w12.weight"].shape == (8192, 1536)
    assert state["blocks.39.mlp.w3.weight"].shape == (1536, 4096)


def test_loading_merges_the_adaptations():
    learned, plain = tiny(), tiny()
    adapt(learned.blocks, rank=4)
    for block in learned.blocks:
        torch.nn.init.ones_(block.ls1.gamma)
    before = look(plain)
    plain.load_state_dict(learned.state_dict())
    assert torch.allclose(look(plain), look(learned), atol=1e-5)
    assert not torch.equal(look(plain), before)


def test_an_adapted_network_keeps_its_adaptations_while_loading():
    learned = tiny()
    adapt(learned.blocks, rank=4)
    learned.load_state_dict(learned.state_dict())
    assert any(".lora." in key for key in learned.state_dict())


def test_the_template_has_the_top_left_places_of_the_search_region():
    network = tiny()
    torch.nn.init.zeros_(network.patch_embed.proj.weight)
    torch.nn.init.zeros_(network.patch_embed.proj.bias)
    network.pos_embed.data[0] = torch.arange(16.0)[:, None]
    assert network.embed(torch.zeros(1, 3, 28, 28))[0, :, 0].tolist() == [0, 1, 4, 5]


def test_the_template_mask_chooses_the_token_type():
    network = tiny()
    plain = network.embed(torch.zeros(1, 3, 28, 28))
    kinds = network.template_tokens(torch.zeros(1, 3, 28, 28), torch.tensor([[[0, 1], [1, 0]]]))
    added = (kinds - plain)[0]
    assert torch.allclose(added[0], network.token_type_embed[0], atol=1e-6)
    assert torch.allclose(added[1], network.token_type_embed[1], atol=1e-6)
    assert SEARCH == 2


@torch.inference_mode()
def test_a_one_way_template_answers_from_memory_as_if_it_were_deaf_to_the_search_region():
    torch.manual_seed(0)
    network = Lorat(VitSize(width=12, depth=2, heads=2, one_way=True), TINY).eval()
    known, asked = torch.randn(2, 1, 4, 12), torch.randn(2, 1, 16, 12)
    hears = torch.zeros(20, 20)
    hears[:4, 4:] = -torch.inf  # what the template does not hear
    for template, search in zip(known, asked, strict=True):
        tokens = torch.cat([template, search], dim=1)
        for block in network.blocks:
            q, k, v = block.asked(tokens)
            heard = torch.nn.functional.scaled_dot_product_attention(q, k, v, hears)
            tokens = tokens + block.ls1(block.attn.proj(heard.transpose(1, 2).flatten(2)))
            tokens = tokens + block.ls2(block.mlp(block.norm2(tokens)))
        said = network.mix(search, network.memorise(template))
        assert torch.allclose(said, network.norm(tokens)[:, 4:], atol=1e-5)


@torch.inference_mode()
def test_one_template_is_followed_through_two_search_regions():
    network, mask = tiny(), torch.tensor([[[0, 1], [0, 1]]])
    template, first, second = torch.randn(1, 3, 28, 28), *torch.randn(2, 1, 3, 56, 56)
    memory = network.remember(template, mask)
    for search in (first, second):
        said = network.follow(memory, search)
        assert torch.equal(said.boxes, network(template, search, mask).boxes)


def test_the_small_search_region_shows_a_target_as_large_and_lets_its_boxes_reach_as_far():
    small, large = (build_lorat(name).regions for name in ("lorat_k4_168", "lorat_c4_224"))
    square = (80.0, 80.0, 120.0, 120.0)
    scales = [around(square, r.search_factor, r.search_px).scale for r in (small, large)]
    assert scales[0] == pytest.approx(scales[1])
    assert small.reach * small.search_px == pytest.approx(large.reach * large.search_px)
    head = Head(12, reach=small.reach)
    head.reg_mlp.layers[-1].bias.data.fill_(50.0)  # as far as it can
    _, boxes = head(torch.zeros(1, 1, 12), torch.tensor([[[0.5, 0.5]]]))
    assert boxes[0, 0].tolist() == pytest.approx([0.5 - 4 / 3] * 2 + [0.5 + 4 / 3] * 2)


def test_a_token_that_reaches_nowhere_boxes_its_own_centre():
    head = tiny().head
    head.reg_mlp.layers[-1].bias.data.fill_(-50.0)
    _, boxes = head(torch.zeros(1, 1, 12), torch.tensor([[[0.25, 0.75]]]))
    assert boxes[0, 0].tolist() == pytest.approx([0.25, 0.75, 0.25, 0.75])


def test_a_square_target_fills_a_quarter_of_the_search_sides():
    region = around((80.0, 80.0, 120.0, 120.0), factor=4.0, side=224).to_region((80, 80, 120, 120))
    assert region == (84.0, 84.0, 140.0, 140.0)  # 56 px in the middle of 224


def test_a_long_target_gets_the_area_of_its_padded_box():
    affine = around((0.0, 0.0, 30.0, 10.0), factor=4.0, side=224)
    assert affine.scale[0] == pytest.approx(224 / ((30 + 60) * (10 + 60)) ** 0.5)


def test_a_box_goes_to_the_region_and_back():
    affine = Affine((2.0, 4.0), (10.0, -10.0))
    assert affine.to_region((1.0, 5.0, 2.0, 6.0)) == (12.0, 10.0, 14.0, 14.0)
    assert affine.to_frame((12.0, 10.0, 14.0, 14.0)) == (1.0, 5.0, 2.0, 6.0)


def test_outside_the_frame_the_region_has_the_mean_colour():
    frame = torch.full((40, 40, 3), 51, dtype=torch.uint8)
    wanted = Affine((1.0, 1.0), (28.0, 28.0))  # the frame's corner in the middle of the region
    region = cut(frame, wanted, 56, torch.tensor([1.0, 0.0, 0.0]))
    assert region.image[:, 0, 0].tolist() == [1.0, 0.0, 0.0]
    assert region.image[:, 55, 55].tolist() == pytest.approx([0.2, 0.2, 0.2])


def test_the_affine_of_a_region_is_that_of_the_pixels_really_cut():
    frame = torch.zeros(100, 100, 3, dtype=torch.uint8)
    region = cut(frame, Affine((0.61, 0.61), (0.0, 0.0)), 56, torch.zeros(3))
    assert region.affine.scale == (56 / 92, 56 / 92)  # 91.8 source pixels became 92


def test_a_region_off_the_frame_is_all_mean_colour():
    frame = torch.zeros(10, 10, 3, dtype=torch.uint8)
    region = cut(frame, Affine((1.0, 1.0), (500.0, 500.0)), 28, torch.full((3,), 0.5))
    assert region.image.unique().tolist() == [0.5]


def test_the_mean_colour_is_in_shares():
    assert mean_colour(torch.full((8, 8, 3), 255, dtype=torch.uint8)).tolist() == [1.0, 1.0, 1.0]


def test_a_box_marks_every_token_that_it_touches():
    assert foreground((13.0, 28.0, 29.0, 42.0), 56).tolist() == [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [1, 1, 1, 0],
        [0, 0, 0, 0],
    ]


def test_small_targets_are_seen_as_ten_pixels():
    assert enlarged((100.0, 100.0, 102.0, 120.0)) == (96.0, 100.0, 106.0, 120.0)


def test_of_two_equal_answers_the_one_in_the_middle_wins():
    scores = torch.full((1, 5, 5), -9.0)
    scores[0, 0, 0] = scores[0, 2, 2] = 0.0
    chosen, confidence = best_token(scores, hann_window(5))
    assert chosen.item() == 12
    assert confidence.item() == 0.5  # its own score, without the window


def test_a_much_better_answer_wins_over_the_middle():
    scores = torch.full((1, 5, 5), -9.0)
    scores[0, 1, 1] = 9.0
    assert best_token(scores, hann_window(5))[0].item() == 6


def test_a_box_beyond_the_frame_is_nothing():
    assert clipped((-5.0, 2.0, 5.0, 8.0), 10, 10) == (0.0, 2.0, 5.0, 8.0)
    assert clipped((11.0, 2.0, 15.0, 8.0), 10, 10) is None
