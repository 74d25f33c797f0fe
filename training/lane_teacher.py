"""Lane samples from a teacher's binary mask: which mark is of which line, what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.models.lane_line import ROW_STEP, Maxima, smooth_line, strongest_line
from road_clarity.training.lane_data import SAMPLE_SIZE, LaneSample, Points
from road_clarity.training.lane_sources import clip_frames
from road_clarity.training.road_model import NEAREST_ROWS, Array, Road, fit_road, line_offsets
from road_clarity.training.teachers.twinlitenet import TwinLiteNet, load_teacher

WEIGHTS = Path("weights/twinlitenet_bdd100k_da_ll.pth")
# Clip -> share of its frames, from the start, that may be trained on.  The rest, and other clips,
# stay unseen.
CLIPS: Mapping[Path, float] = {
    Path("video/udacity/solidWhiteRight.mp4"): 0.5,
    Path("video/udacity/test_video.mp4"): 1.0,
    Path("video/yolop/input1.gif"): 0.5,
}
STRIDE = 2  # every second frame; neighbours are nearly alike
WIDEST_MARK = 90  # px; a wider run of the mask lies along the row and has no centre
OWN_REACH = 50.0  # px at the bottom of the image, between a line and the strokes that belong to it
OWN_SHARE = 0.2  # the same, as a share of a far line's offset
LEAST_WEIGHT = 1.6  # marks a line needs, see line_offsets
LANE_WIDTHS = (0.6, 1.5)  # a neighbouring lane is this wide, in widths of the own lane
FEWEST_MARKS = 6


def teacher_samples(root: Path) -> list[LaneSample]:
    """Samples of all clips, labelled by TwinLiteNet."""
    teacher = load_teacher(root / WEIGHTS)
    samples = []
    for clip, share in CLIPS.items():
        frames = clip_frames(root / clip)
        for image in frames[: int(share * len(frames)) : STRIDE]:
            sample = label(image, lane_mask(teacher, image))
            if sample is not None:
                samples.append(sample)
    return samples


@torch.inference_mode()
def lane_mask(teacher: TwinLiteNet, image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the teacher sees lane lines: (360, 640).  image: RGB at SAMPLE_SIZE"""
    rgb = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    _, lines = teacher(rgb)
    mask: NDArray[np.bool_] = (lines[0, 1] > lines[0, 0]).numpy()
    return mask


def label(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> LaneSample | None:
    """The frame with its four lines, or None where the own lane cannot be told.

    Marks that belong to none of the four, and where a line may go on below its last mark, are
    unknown.
    """
    x, y = marks(mask)
    if len(x) < 2 * FEWEST_MARKS:
        return None
    road = fit_road(x, y, SAMPLE_SIZE)
    height = SAMPLE_SIZE[1]
    numbered = number_lines(line_offsets(road, x, y, height, LEAST_WEIGHT))
    if not {2, 3} <= set(numbered):
        return None
    unknown = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8))
    lanes: dict[int, Points] = {}
    strokes = stroke_offsets(mask, road, x, y)
    for number, offset in numbered.items():
        points = trace(offset, strokes, x, y, road.vy)
        if len(points) >= FEWEST_MARKS:
            lanes[number] = points.astype(np.float32)
            _hide_below(unknown, road, offset, float(points[:, 1].max()))
    return LaneSample(image, lanes, unknown) if {2, 3} <= set(lanes) else None


def marks(mask: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Centres x of the mask's runs in every ROW_STEP-th row y, from the bottom upwards."""
    xs: list[float] = []
    ys: list[float] = []
    for row in range(mask.shape[0] - 1, -1, -ROW_STEP):
        edges = np.flatnonzero(np.diff(np.pad(mask[row].astype(np.int8), 1)))
        for begin, end in edges.reshape(-1, 2):
            if end - begin <= WIDEST_MARK:
                xs.append((begin + end - 1) / 2)
                ys.append(row)
    return np.asarray(xs, float), np.asarray(ys, float)


def number_lines(offsets: list[float]) -> dict[int, float]:
    """Class 1..4 -> offset: the lines beside the car, and their neighbours a lane's width away."""
    left = [offset for offset in offsets if offset < 0]
    right = [offset for offset in offsets if offset >= 0]
    if not left or not right:
        return {}
    own = {2: left[-1], 3: right[0]}
    width = own[3] - own[2]
    low, high = LANE_WIDTHS[0] * width, LANE_WIDTHS[1] * width
    beyond_left = [offset for offset in left if low < own[2] - offset < high]
    beyond_right = [offset for offset in right if low < offset - own[3] < high]
    if beyond_left:
        own[1] = beyond_left[-1]
    if beyond_right:
        own[4] = beyond_right[0]
    return own


def stroke_offsets(mask: NDArray[np.bool_], road: Road, x: Array, y: Array) -> Array:
    """Per mark the offset of the whole stroke it is part of: nan where lines run together."""
    apart = mask.copy()
    apart[: int(road.vy + NEAREST_ROWS)] = False
    _, strokes = cv2.connectedComponents(apart.astype(np.uint8))
    stroke = strokes[y.astype(int), x.astype(int)]
    below = np.where(stroke > 0, y, np.inf)
    single = road.offsets(x, below, SAMPLE_SIZE[1])
    offsets = np.full(len(x), np.nan)
    for number in np.unique(stroke[stroke > 0]):
        offsets[stroke == number] = np.median(single[stroke == number])
    return offsets


def trace(offset: float, strokes: Array, x: Array, y: Array, horizon: float) -> Array:
    """The line through the strokes near its offset, smooth, (N, 2) x, y from the bottom upwards."""
    distance = np.abs(strokes - offset)
    order = np.lexsort((distance, -y))  # from the bottom upwards, in each row the closest first
    own = order[distance[order] < max(OWN_REACH, OWN_SHARE * abs(offset))]
    own = own[np.unique(-y[own], return_index=True)[1]]
    if len(own) == 0:
        return np.empty((0, 2))
    line = smooth_line(strongest_line(Maxima(y[own], x[own], np.ones(len(own)))), horizon)
    return np.stack([line.columns, line.rows], axis=1)


def _hide_below(unknown: NDArray[np.uint8], road: Road, offset: float, row: float) -> None:
    """Below its last mark a line may go on between dashes, or under the bonnet."""
    rows = np.arange(row, SAMPLE_SIZE[1], 4.0)
    columns = road.columns(offset, rows, SAMPLE_SIZE[1])
    path = np.rint(np.stack([columns, rows], axis=1)).astype(np.int32)
    cv2.polylines(unknown, [path], False, 1, 14)
