"""FFNet: every published member, the published parameter names and outputs."""

import pytest
import torch

from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import EDGE, PUBLISHED, build_ffnet, member, normalise


def parameters(name: str, classes: int = 19) -> int:
    with torch.device("meta"):
        return sum(one.numel() for one in build_ffnet(name, classes).parameters())


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("ffnet_40s_bbb", 13.91), ("ffnet_54s_bbb", 18.04), ("ffnet_78s_dbbb", 27.49),
        ("ffnet_150s_bbb", 48.0), ("ffnet_40s_bcc", 13.25), ("ffnet_46ns_ccc", 12.53),
        ("ffnet_122ns_cbb", 32.82), ("ffnet_18_daac", 13.40), ("ffnet_34_abb", 22.6),
        ("ffnet_150_aaa", 98.8), ("ffnet_86s_bbb", 26.60), ("ffnet_54s_bcc", 17.38),
        ("ffnet_78s_bcc", 26.83), ("ffnet_46ns_cbb", 13.18), ("ffnet_74ns_cbb", 23.96),
        ("ffnet_122ns_ccc", 32.17), ("ffnet_40s_dbbb", 13.91), ("ffnet_22s_bbb", 7.5),
        ("ffnet_30s_bbb", 10.4),
    ],
)  # fmt: skip
def test_a_member_has_the_published_number_of_parameters(name, millions):
    assert parameters(name) / 1e6 == pytest.approx(millions, rel=4e-3)


@pytest.mark.parametrize(
    ("name", "entries"),
    [("ffnet_40s_bbb", 333), ("ffnet_54s_bbb", 417), ("ffnet_78s_bbb", 561),
     ("ffnet_54s_dbbb", 423), ("ffnet_78s_dbbb", 567)],
)  # fmt: skip
def test_a_checkpoint_has_the_published_number_of_entries(name, entries):
    with torch.device("meta"):
        assert len(build_ffnet(name).state_dict()) == entries


def test_the_one_slim_member_that_was_published_for_gpus_only_blends_without_being_asked():
    assert member("ffnet_150s_dbbb").bilinear
    assert not member("ffnet_150s_bbb").bilinear
    assert member("ffnet_150s_bbb_gpu").bilinear


def test_members_of_every_published_family_can_be_built():
    assert len(PUBLISHED) == 50
    assert all(parameters(name) > 1e7 for name in PUBLISHED[::9])


@pytest.mark.parametrize("name", EDGE)
def test_an_edge_member_is_small(name):
    assert parameters(name, classes=11) < 2e6


def test_the_lite_backbone_sees_the_picture_at_four_scales():
    backbone = build_ffnet("ffnet_39lite_lee").backbone_model.eval()
    with torch.inference_mode():
        scales = backbone(torch.zeros(1, 3, 64, 128))
    assert [tuple(one.shape[1:]) for one in scales] == [
        (24, 16, 32), (40, 8, 16), (112, 4, 8), (192, 2, 4)
    ]  # fmt: skip


def test_a_lite_member_counts_all_convolutions_of_its_backbone():
    backbone = build_ffnet("ffnet_39lite_lee").backbone_model
    assert sum(isinstance(one, torch.nn.Conv2d) for one in backbone.modules()) == 39


def test_the_lite_backbone_says_what_the_trunk_of_the_lanes_says():
    backbone, image = (
        build_ffnet("ffnet_39lite_lee").backbone_model.eval(),
        torch.randn(1, 3, 64, 64),
    )
    with torch.inference_mode():
        _, eighth, sixteenth, _ = backbone(image)
        near, far = backbone.trunk(image)
    assert torch.equal(eighth, near) and torch.equal(sixteenth, far)


@pytest.mark.parametrize(
    ("name", "reduction"),
    [("ffnet_22xs_eee", 4), ("ffnet_39lite_lee", 4), ("ffnet_22s_dbbb", 8), ("ffnet_46ns_ccc", 4)],
)
def test_logits_come_at_a_quarter_of_the_image_or_an_eighth_with_d(name, reduction):
    network = build_ffnet(name, classes=11).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, 64, 128))
    assert logits.shape == (1, 11, 64 // reduction, 128 // reduction)


@pytest.mark.parametrize("name", EDGE)
@pytest.mark.parametrize("size", [(50, 70), (33, 65)])
def test_an_odd_image_size_is_no_obstacle(name, size):
    with torch.inference_mode():
        logits = build_ffnet(name, classes=11).eval()(torch.zeros(1, 3, *size))
    assert logits.shape[2:] == tuple((side + 3) // 4 for side in size)


def test_a_gpu_member_has_the_same_weights_but_blends_between_cells():
    phone, gpu = build_ffnet("ffnet_22xs_eee").eval(), build_ffnet("ffnet_22xs_eee_gpu").eval()
    gpu.load_state_dict(phone.state_dict())
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert not torch.equal(phone(image), gpu(image))


@pytest.mark.parametrize(
    "name", ["ffnet_41s_bbb", "ffnet_40s_abb", "ffnet_40s_bbz", "ffnet_39lite_dlee", "resnet"]
)
def test_a_member_that_was_never_published_is_refused(name):
    with pytest.raises(BadInput, match=name):
        build_ffnet(name)


def test_a_mid_grey_pixel_is_near_zero_when_normalised():
    grey = torch.tensor([124, 116, 104], dtype=torch.uint8).expand(1, 2, 2, 3)
    assert normalise(grey).abs().max() < 0.02
