"""Examples from simulated streets of seeds that no recipe learns from; their truth is exact.

Pictures of the data in ROAD_CLARITY_DATA may not be copied into the repository, these may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import torch
from torch import Tensor

from road_clarity.evaluation.accuracy.panels import (
    Example,
    box_panel,
    class_panel,
    dream_panel,
    lane_panel,
)
from road_clarity.evaluation.accuracy.road_users import TRACKER
from road_clarity.evaluation.objects import matches
from road_clarity.evaluation.tracking import lorat
from road_clarity.evaluation.world_clip import squeezed
from road_clarity.evaluation.world_pairs import load_pair
from road_clarity.models import iou
from road_clarity.models.lane_decoding import columns_at
from road_clarity.models.latent_lstm import STEP_S
from road_clarity.models.tusimple_score import score_image
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.lanes import LaneConfig, LaneStage
from road_clarity.pipeline.overlay import Pixels
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.pipeline.tracking import TrackerConfig, TrackStage
from road_clarity.safety.boxes import overlap
from road_clarity.safety.horizon import drawn, encoded, forecast, pixel_error
from road_clarity.safety.scene import CLASSES, Box, Lane
from road_clarity.training.simulator.film import SimFrame, simulate
from road_clarity.training.simulator.scenario import SCENARIOS

SEEDS = range(20300, 20303)
SIZE, FPS, SECONDS = (640, 360), 1 / STEP_S, 3.1
STEPS = 10  # that are dreamt, 1 s
TUSIMPLE_WIDTH = 1280  # of the images in which 20 px count as near
ROWS = np.arange(360.0, 720.0, 10.0)
FEWEST_PX = 16  # height of a road user that should be found
Shots = list[SimFrame]


class Networks:
    """All that ship for the car's view, loaded once."""

    def __init__(self) -> None:
        self.lanes = LaneStage(LaneConfig(), "cpu")
        self.segmentation = SegmentationStage(SegmentationConfig(), "cpu")
        self.tracks = TrackStage(TrackerConfig(), "cpu")
        self.follower = lorat(TRACKER, "cpu")
        self.world = load_pair("vae", "edge")


def street_examples(wanted: Iterable[str]) -> dict[str, list[Example]]:
    """For each wanted part of the page, an example of every street that has one."""
    makers = {part: MAKERS[part] for part in wanted if part in MAKERS}
    found: dict[str, list[Example]] = {part: [] for part in makers}
    if not makers:
        return found
    networks = Networks()
    for story in SCENARIOS:
        for seed in SEEDS:
            shots = list(simulate(seed, story, SIZE, FPS, SECONDS))
            for part, make in makers.items():
                example = make(networks, shots, f"{story}, seed {seed}")
                found[part] += [example] if example is not None else []
    return found


def lane_example(networks: Networks, shots: Shots, words: str) -> Example:
    last = shots[-1]
    found = networks.lanes.run(Frame(0, 0, last.image)).lanes
    said, true = (columns(lanes) for lanes in (found, last.truth.lanes))
    score = score_image(said, true, ROWS.tolist()).accuracy
    lines = [lane.points for lane in last.truth.lanes]
    return Example(score, words, f"accuracy {score:.2f}", lane_panel(last.image, found, lines))


def columns(lanes: Iterable[Lane]) -> list[list[float]]:
    """In TuSimple's form, at the width of its images."""
    scale = TUSIMPLE_WIDTH / SIZE[0]
    sampled = [columns_at(np.asarray(lane.points) * scale, ROWS) for lane in lanes]
    return [np.nan_to_num(x, nan=-2.0).tolist() for x in sampled]


def class_example(networks: Networks, shots: Shots, words: str) -> Example:
    last = shots[-1]
    truth = last.truth.classes
    said = networks.segmentation.run(Frame(0, 0, last.image)).classes
    said = np.asarray(cv2.resize(said, truth.shape[::-1], interpolation=cv2.INTER_NEAREST))
    score = iou.mean_iou(iou.confusion(truth, said, len(CLASSES)), of_truth_only=True)
    panel = class_panel(last.image, said, truth)
    return Example(score, words, f"mIoU {score:.2f} over the classes that are there", panel)


def road_users(networks: Networks, shots: Shots, words: str) -> Example | None:
    """Tracks of the last frame.  None: nobody is there."""
    networks.tracks.reset()
    for number, shot in enumerate(shots):
        tracks = networks.tracks.run(Frame(number, shot.stamp_ns, shot.image)).tracks
    there = [one.box for one in shots[-1].truth.instances if height(one.box) >= FEWEST_PX]
    if not there:
        return None
    said = [(track.label, track.box) for track in tracks]
    hits = matches([box for _, box in said], there)
    score = 2 * hits / (len(there) + len(said))
    told = f"{hits} of {len(there)} found, {len(said) - hits} false"
    return Example(score, words, told, box_panel(shots[-1].image, said, there))


def height(box: Box) -> float:
    return box[3] - box[1]


def followed(networks: Networks, shots: Shots, words: str) -> Example | None:
    """The largest road user that is seen in all frames.  None: there is none."""
    boxes = [{one.id: one.box for one in shot.truth.instances} for shot in shots]
    ids = set.intersection(*(set(one) for one in boxes))
    who = max(ids, key=lambda id: area(boxes[0][id]), default=None)
    if who is None:
        return None
    networks.follower.start(shots[0].image, boxes[0][who])
    said = [networks.follower.follow(shot.image) for shot in shots[1:]]
    score = float(np.mean([overlap(a, b[who]) for a, b in zip(said, boxes[1:], strict=True)]))
    label = next(one.label for one in shots[0].truth.instances if one.id == who)
    panel = box_panel(shots[-1].image, [(label, said[-1])], [boxes[-1][who]])
    return Example(score, words, f"mean overlap over 3 s {score:.2f}", panel)


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


@torch.no_grad()
def dream(networks: Networks, shots: Shots, words: str) -> Example:
    """What was dreamt of the last frame one second before it."""
    net, memory = networks.world.autoencoder, networks.world.memory
    frames = np.stack([squeezed(shot.image, net.side) for shot in shots]).astype(np.uint8)
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    start = len(x) - 1 - STEPS
    mu = encoded(net, x[: start + 1])
    picture = drawn(net, forecast(memory, mu, start, STEPS)[0, -1:])
    error, copied = (float(pixel_error(one, x[-1:])) for one in (picture, x[start : start + 1]))
    panel = dream_panel(frames[start], as_pixels(picture), frames[-1])
    told = f"error {error / copied:.2f} times that of copying"
    return Example(-error / copied, words, told, panel)


def as_pixels(picture: Tensor) -> Pixels:
    """(1, 3, S, S) in [0, 1] -> (S, S, 3)"""
    return np.asarray((picture[0].permute(1, 2, 0) * 255).round().byte().numpy())


MAKERS: dict[str, Callable[[Networks, Shots, str], Example | None]] = {
    "lanes": lane_example,
    "segmentation": class_example,
    "people": road_users,
    "tracking": followed,
    "world": dream,
}
