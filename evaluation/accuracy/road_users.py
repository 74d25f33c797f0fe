"""People found in PETS, and one target followed beside OpenCV's CSRT, on what was held out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import cast

import numpy as np

from road_clarity.evaluation import tracking as one_pass
from road_clarity.evaluation.accuracy.figures import Figure, Part, figure, share
from road_clarity.evaluation.accuracy.roads import part
from road_clarity.evaluation.objects import Looked, counts, people_looked_at, read_cvml
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.tracking_sequences import read_sequences
from road_clarity.pipeline.backends.runtime import FP32
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.presets import preset
from road_clarity.training.tracking_sources import PETS_LEARNED

FINDER, TRACKER = "fastest_det_edge", "lorat_edge"
PETS = Path("pets09_s2l1/dev_clip")
VIDEO, BOXES = PETS / "pets09_s2l1_f0000_0529.avi", PETS / "PETS2009-S2L1_f0000_0529.xml"
A_SECOND = 10  # frames of PETS
SURE = 0.84  # tracks.shown_confidence of few false boxes: at most 0.2 in frames 0..399
UNSEEN = {"otb": ("Crossing",), "tld": ("04_pedestrian2", "06_car")}
MEASURES = ("success_auc", "precision", "fps")
Row = dict[str, float]  # one sequence


def people(data: Path) -> Part:
    """Tracks of the pipeline on the frames that nobody learnt from, by the second."""
    began = perf_counter()
    truth = {n: boxes for n, boxes in read_cvml(data / BOXES).items() if n >= PETS_LEARNED}
    looked = list(people_looked_at(later(data), truth, preset("edge"), "cpu"))
    units, found = 0, dict[str, Figure]()
    for word, least in {"": 0.0, "sure_": SURE}.items():
        seconds = people_by_second(looked, least)
        units = len(seconds)
        found[f"{word}recall"] = figure(seconds, share(1, 0))
        found[f"{word}false_per_frame"] = figure(seconds, share(2, 3))
    return part([FINDER, TRACKER], "second", units, began, found)


def people_by_second(looked: list[Looked], least: float) -> list[list[int]]:
    """People there, found, false boxes and frames, of tracks that are at least so confident."""
    each = [[*counts(one, least), 1] for one in looked]
    return [
        [sum(column) for column in zip(*each[at : at + A_SECOND], strict=True)]
        for at in range(0, len(each), A_SECOND)
    ]


def later(data: Path) -> Iterator[Frame]:
    """The clip from the first frame on that was not learnt: tracks begin there."""
    return (frame for frame in open_source(data / VIDEO).frames if frame.index >= PETS_LEARNED)


def tracking(data: Path) -> Part:
    """Every sequence that was not learnt from, by our tracker and right after by CSRT."""
    began = perf_counter()
    trackers = {
        "": one_pass.lorat(TRACKER, "cpu"),
        "csrt_": one_pass.BASELINES["csrt"](),
        "fp32_": one_pass.lorat(TRACKER, "cpu", FP32),
    }
    rows: dict[str, Row] = {}
    for layout, names in UNSEEN.items():
        for sequence in read_sequences(data / "tracking" / layout, layout):
            if sequence.name in names:
                rows[sequence.name] = {}
                for who, tracker in trackers.items():
                    mean = one_pass.evaluate(tracker, [sequence], layout)["mean"]
                    scores = cast(dict[str, float], mean)
                    rows[sequence.name] |= {f"{who}{key}": scores[key] for key in MEASURES}
    return part([TRACKER], "sequence", len(rows), began, tracking_figures(rows))


def tracking_figures(rows: dict[str, Row]) -> dict[str, Figure]:
    """rows: by sequence the MEASURES of our tracker, of CSRT (csrt_), of ours in float32 (fp32_)"""
    keys = list(next(iter(rows.values())))
    table = np.array([[row[key] for key in keys] + [1.0] for row in rows.values()])
    found = {key: figure(table, share(i, len(keys))) for i, key in enumerate(keys)}
    for key in ("success_auc", "fps"):
        ratio = share(keys.index(key), keys.index(f"csrt_{key}"))
        found[f"{key}_to_csrt"] = figure(table, ratio)
    ours, exact = keys.index("success_auc"), keys.index("fp32_success_auc")
    gains = np.stack([table[:, exact] - table[:, ours], table[:, -1]], axis=1)
    found["success_auc_fp32_gain"] = figure(gains, share(0, 1))
    for name, row in rows.items():
        found |= {f"{name}_{key}": Figure(row[key]) for key in keys if key.endswith("success_auc")}
    return found
