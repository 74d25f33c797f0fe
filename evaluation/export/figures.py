"""How far two answers of a network are apart: as numbers, and in what they mean on the road.

Everything after the network is the code that the pipeline's stages run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.eigen_cam import EigenCam
from road_clarity.models.ffnet import FFNet
from road_clarity.models.lane_decoding import DecodedLane, View, columns_at, decode
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lorat import Lorat, TrackMap
from road_clarity.models.lorat_crop import best_token, hann_window, penalised
from road_clarity.models.scnn import LaneHeads, LaneMaps
from road_clarity.pipeline.backends.entries import Entry, Size
from road_clarity.pipeline.lanes import LaneConfig
from road_clarity.pipeline.segmentation import likeliest
from road_clarity.pipeline.targets import TrackerConfig
from road_clarity.safety.anomaly import look
from road_clarity.safety.boxes import overlap

SHARES = ("existence", "boxes", "picture")  # outputs that lie in [0, 1]
HOTTEST = 0.1  # share of an explanation that people look at

Figures = dict[str, float]
Answers = Sequence[Tensor]  # a graph's outputs, the explained map last where there is one


def departures(
    entry: Entry, reference: Any, exported: Any, inputs: Answers, said: Answers, theirs: Answers
) -> Figures:
    """All figures of one call.

    reference, exported: the networks      said, theirs: what they answered to the inputs
    """
    found = raw(entry, said, theirs)
    if len(said) > len(entry.outputs):
        found |= explanation(said[-1], theirs[-1])
    answers = entry.answer(said[: len(entry.outputs)]), entry.answer(theirs[: len(entry.outputs)])
    if isinstance(reference, LaneHeads):
        return found | lanes(reference.input_size, *answers)
    if isinstance(reference, FFNet):
        return found | classes((inputs[0].shape[3], inputs[0].shape[2]), *answers)
    if isinstance(reference, Lorat) and entry.method == "remember":
        return found | targets(*(follow_home(reference, inputs[0], one) for one in answers))
    if isinstance(reference, Lorat):
        return found | targets(*answers)
    if isinstance(reference, LatentLstm):
        return found | prediction(reference, *answers)
    if isinstance(reference, Autoencoder) and entry.method == "encode":
        return found | redrawing(reference, exported, inputs[0])
    return found


def raw(entry: Entry, said: Answers, theirs: Answers) -> Figures:
    """The largest of all outputs."""
    found: Figures = {}
    for name, one, other in zip(entry.outputs, said, theirs, strict=False):
        if name in SHARES:
            note_largest(found, "share_max", (one - other).abs().max())
        else:
            spread = one.std()
            note_largest(found, "output_rms", rms(one - other) / spread)
            note_largest(found, "output_max", (one - other).abs().max() / spread)
    return found


def note_largest(found: Figures, name: str, value: Tensor) -> None:
    """nan counts as the largest of all."""
    before = found.get(name, -1.0)
    if not math.isnan(before) and not float(value) <= before:
        found[name] = float(value)


def rms(x: Tensor) -> Tensor:
    return x.square().mean().sqrt()


def explanation(seen: Tensor, theirs: Tensor) -> Figures:
    """Eigen-CAM of two maps (B, C, h, w) of the explained layer: the largest over the batch."""
    if not theirs.isfinite().all():
        return {"explanation_rms": math.nan, "explanation_area": math.nan}
    found: Figures = {}
    for one, other in zip(seen, theirs, strict=True):
        cam = EigenCam()  # remembers the sign of the first for the second
        a, b = cam.step(one).flatten(), cam.step(other).flatten()
        note_largest(found, "explanation_rms", rms(a - b))
        note_largest(found, "explanation_area", elsewhere(a, b))
    return found


def elsewhere(one: Tensor, other: Tensor) -> Tensor:
    """Share of the hottest places of one map that are not among those of the other."""
    count = max(1, round(HOTTEST * len(one)))
    hot = [torch.zeros_like(x).index_fill(0, x.topk(count).indices, 1.0) for x in (one, other)]
    return 1 - (hot[0] * hot[1]).sum() / count


def lanes(input_size: Size, said: LaneMaps, theirs: LaneMaps) -> Figures:
    """input_size: (rows, columns).  Lines that the stage would not believe may come and go."""
    size = (input_size[1], input_size[0])
    view = View(size, (0, 0, *size), size)
    one, other = (
        {lane.id: lane for lane in decode(maps.logits[0], maps.existence[0], view)}
        for maps in (said, theirs)
    )
    both = [(one[key], other[key]) for key in one.keys() & other.keys()]
    alone = [(one | other)[key] for key in one.keys() ^ other.keys()]
    return {
        "class_pixels": changed(*(likely_lane(maps.logits, size) for maps in (said, theirs))),
        "lane_lines": float(sum(lane.confidence >= LaneConfig().confidence for lane in alone)),
        "lane_points": max((apart(a, b) for a, b in both), default=0.0),
        "lane_confidence": max((abs(a.confidence - b.confidence) for a, b in both), default=0.0),
    }


def likely_lane(logits: Tensor, size: tuple[int, int]) -> Tensor:
    full = torch.nn.functional.interpolate(logits, size[::-1], mode="bilinear", align_corners=True)
    return full.argmax(dim=1)


def apart(one: DecodedLane, other: DecodedLane) -> float:
    """Median distance along rows of two lines [px]; nan where they share no row."""
    rows = one.points[:, 1]
    return float(np.nanmedian(np.abs(one.points[:, 0] - columns_at(other.points, rows))))


def classes(size: tuple[int, int], said: Tensor, theirs: Tensor) -> Figures:
    """size: (width, height) [px]"""
    return {"class_pixels": changed(likeliest(said, size), likeliest(theirs, size))}


def changed(one: Tensor, other: Tensor) -> float:
    return float((one != other).float().mean())


def targets(said: TrackMap, theirs: TrackMap) -> Figures:
    """What each answer would make the tracker pick.

    Where two places are as good to torch, rounding may pick the other one: that is told apart from
    another answer at the same place.  Boxes of targets that it would not believe do not count.
    """
    window = hann_window(said.score_map.shape[-1])
    (places, sure), (picked, _) = (best_token(one.score_map, window) for one in (said, theirs))
    believed = sure >= TrackerConfig().min_confidence
    boxes, same, chosen = (
        at(one.boxes.flatten(1, 2), where)[believed].tolist()
        for one, where in ((said, places), (theirs, places), (theirs, picked))
    )
    worth = penalised(said.score_map, window)
    return {
        "target_confidence": float(
            (sure - at(theirs.score_map.sigmoid().flatten(1), places)).abs().max()
        ),
        "place": float((at(worth, places) - at(worth, picked)).max()),
        "box_there": max(
            (1 - overlap(a, b) for a, b in zip(boxes, same, strict=True)), default=0.0
        ),
        "box": float(np.mean([1 - overlap(a, b) for a, b in zip(boxes, chosen, strict=True)] or 0)),
    }


@torch.no_grad()
def follow_home(network: Lorat, template: Tensor, memory: Tensor) -> TrackMap:
    """What torch finds by a memory where it was made: in the template, its border drawn out."""
    margin = (network.regions.search_px - network.regions.template_px) // 2
    around = torch.nn.functional.pad(template, (margin,) * 4, mode="replicate")
    return network.follow(memory, around)


def at(values: Tensor, places: Tensor) -> Tensor:
    """(B, N, ...), (B,) -> (B, ...)"""
    return values[torch.arange(len(places)), places]


def redrawing(reference: Any, exported: Any, image: Tensor) -> Figures:
    """What the world model says of a frame (1, 3, S, S)."""
    one, other = look(reference, image), look(exported, image)
    return {
        "error_map": float(rms(one.error_map - other.error_map) / rms(one.error_map)),
        "strangeness": float((one.scores - other.scores).abs().max()),
    }


def prediction(lstm: LatentLstm, said: Any, theirs: Any) -> Figures:
    """How far the next latent moves, in the spread of calm prediction errors."""
    distance = lstm.calm_change(said[0] - theirs[0] + lstm.calm_change.get_buffer("mean"))
    return {"prediction": float((distance / said[0].shape[-1]).sqrt().max())}
