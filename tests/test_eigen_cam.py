"""Eigen-CAM is what the full decomposition gives, and it keeps its sign over a drive."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from road_clarity.models.eigen_cam import EigenCam, eigen_cam
from road_clarity.models.errors import BadInput
from road_clarity.models.explained_layer import explain
from road_clarity.models.ffnet import build_ffnet
from road_clarity.models.lorat import Lorat, Regions
from road_clarity.models.scnn import ScnnLite0
from road_clarity.models.vit import VitSize


def by_full_decomposition(features: torch.Tensor) -> np.ndarray:
    """As the popular package: centre, first right singular vector, project; then our sign."""
    pixels = features.double().flatten(1).T.numpy()  # (H * W, C)
    pixels = pixels - pixels.mean(axis=0)
    projected = pixels @ np.linalg.svd(pixels, full_matrices=False)[2][0]
    if projected.max() < -projected.min():
        projected = -projected
    positive = np.maximum(projected, 0.0).reshape(features.shape[1:])
    return positive / positive.max()


@pytest.mark.parametrize(
    "shape", [(128, 36, 100), (64, 36, 64), (192, 8, 8), (40, 1, 30), (1, 5, 6), (30, 2, 3)]
)
@pytest.mark.parametrize("kind", ["noise", "activations", "offset"])
def test_the_map_is_that_of_the_full_decomposition(shape, kind):
    torch.manual_seed(1)
    features = torch.randn(shape)
    features = {"noise": features, "activations": features.relu(), "offset": features + 20}[kind]
    assert np.abs(eigen_cam(features).numpy() - by_full_decomposition(features)).max() < 1e-5


def test_it_does_not_matter_how_features_lie_in_memory_or_how_large_they_are():
    torch.manual_seed(0)
    features = torch.rand(12, 6, 7)
    expected = eigen_cam(features)
    elsewhere = features.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    assert (eigen_cam(elsewhere) - expected).abs().max() < 1e-5
    assert (eigen_cam(features * 1e-3) - expected).abs().max() < 1e-5
    assert (eigen_cam(features.bfloat16()) - expected).abs().max() < 0.05


def test_the_side_that_departs_more_is_positive():
    features = torch.tensor([[[0.0, 0.0, 0.0, 3.0]], [[1.0, 1.0, 1.0, -5.0]]])  # one odd place
    assert eigen_cam(features).tolist() == [[0.0, 0.0, 0.0, 1.0]]
    assert eigen_cam(-features).tolist() == [[0.0, 0.0, 0.0, 1.0]]


def growing(width: int) -> torch.Tensor:
    """One channel, a bright road of that many places out of 8."""
    return torch.tensor([[[1.0] * width + [0.0] * (8 - width)]])


def test_over_a_drive_the_map_keeps_its_side():
    cam = EigenCam()
    assert cam.step(growing(3)).tolist() == [[1, 1, 1, 0, 0, 0, 0, 0]]
    # on its own, the dark side of the next frame departs more from the mean
    assert eigen_cam(growing(6)).tolist() == [[0, 0, 0, 0, 0, 0, 1, 1]]
    assert cam.step(growing(6)).tolist() == [[1, 1, 1, 1, 1, 1, 0, 0]]
    cam.reset()
    assert cam.step(growing(6)).tolist() == [[0, 0, 0, 0, 0, 0, 1, 1]]


def test_another_direction_begins_with_a_side_of_its_own():
    cam = EigenCam()
    first, second = torch.zeros(2, 2, 1, 8)
    first[0, 0, :3] = 1.0
    second[1, 0, :6] = 1.0
    cam.step(first)
    assert cam.step(second).tolist() == [[0, 0, 0, 0, 0, 0, 1, 1]]


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6])
def test_where_all_is_the_same_nothing_stands_out(value):
    assert eigen_cam(torch.full((3, 4, 5), value)).tolist() == [[0.0] * 5] * 4


def test_two_directions_of_the_same_strength_still_make_a_map():
    one, other = torch.eye(2)
    features = torch.stack([one, other])[:, None]  # (2, 1, 2)
    assert eigen_cam(features).max() == 1.0
    equal = torch.tensor([[[1.0, -1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, -1.0]]])
    assert eigen_cam(equal).isfinite().all()


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_a_map_of_no_numbers_is_refused(bad):
    features = torch.rand(3, 4, 5)
    features[1, 2, 3] = bad
    with pytest.raises(BadInput, match="features are not finite"):
        eigen_cam(features)


@torch.inference_mode()
def test_every_network_shows_a_layer_that_sees_the_whole_picture():
    lanes = ScnnLite0((64, 96)).eval()
    answer, seen = explain(lanes, torch.rand(2, 3, 64, 96))
    assert seen.shape == (2, 64, 8, 12)
    assert torch.equal(lanes.layer2(seen), answer.logits)

    segmentation = build_ffnet("ffnet_22xs_eee").eval()
    logits, seen = explain(segmentation, torch.rand(1, 3, 64, 96))
    assert seen.shape == (1, 96, 16, 24)
    assert torch.equal(segmentation.head.layers[3](seen), logits)


@torch.inference_mode()
def test_lorat_shows_the_tokens_of_its_search_region_at_their_places():
    tracker = Lorat(VitSize(width=12, depth=1, heads=1), Regions(28, 56, 4.0)).eval()
    answer, seen = explain(
        tracker, torch.rand(2, 3, 28, 28), torch.rand(2, 3, 56, 56), torch.ones(2, 2, 2).long()
    )
    assert seen.shape == (2, 12, 4, 4)
    scores, _ = tracker.head(seen.flatten(2).transpose(1, 2), tracker.places())
    assert torch.equal(scores.view(2, 4, 4), answer.score_map)
