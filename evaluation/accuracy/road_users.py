"""People found in PETS, and one target followed beside OpenCV's CSRT, on what was held out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import cast

from road_clarity.evaluation import tracking as one_pass
from road_clarity.evaluation.accuracy.figures import Figure, Part, figure, share
from road_clarity.evaluation.accuracy.roads import part
from road_clarity.evaluation.objects import people_counts, read_cvml
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.tracking_sequences import read_sequences
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.presets import override, preset
from road_clarity.training.tracking_sources import PETS_LEARNED

FINDER, TRACKER = "fastest_det_edge", "lorat_edge"
PETS = Path("pets09_s2l1/dev_clip")
VIDEO, BOXES = PETS / "pets09_s2l1_f0000_0529.avi", PETS / "PETS2009-S2L1_f0000_0529.xml"
A_SECOND = 10  # frames of PETS
SURE = 0.8  # of tracks.begin_score: fewer people, fewer false boxes
UNSEEN = {"otb": ("Crossing",), "tld": ("04_pedestrian2", "06_car")}
MEASURES = ("success_auc", "precision", "fps")


def people(data: Path) -> Part:
    """Tracks of the pipeline on the frames that nobody learnt from, by the second."""
    began = perf_counter()
    usual, units = people_figures(data, [])
    sure, _ = people_figures(data, [f"tracks.begin_score={SURE}"])
    found = usual | {f"sure_{key}": value for key, value in sure.items()}
    return part([FINDER, TRACKER], "second", units, began, found)


def people_figures(data: Path, settings: list[str]) -> tuple[dict[str, Figure], int]:
    """recall and false_per_frame, and over how many seconds."""
    truth = {n: boxes for n, boxes in read_cvml(data / BOXES).items() if n >= PETS_LEARNED}
    config = override(preset("edge"), settings)
    counts = [[*one, 1] for one in people_counts(later(data), truth, config, "cpu")]
    seconds = [
        [sum(column) for column in zip(*counts[at : at + A_SECOND], strict=True)]
        for at in range(0, len(counts), A_SECOND)
    ]
    found = {
        "recall": figure(seconds, share(1, 0)),
        "false_per_frame": figure(seconds, share(2, 3)),
    }
    return found, len(seconds)


def later(data: Path) -> Iterator[Frame]:
    """The clip from the first frame on that was not learnt: tracks begin there."""
    return (frame for frame in open_source(data / VIDEO).frames if frame.index >= PETS_LEARNED)


def tracking(data: Path) -> Part:
    """Every sequence that was not learnt from, by our tracker and right after by CSRT."""
    began = perf_counter()
    ours, csrt = one_pass.lorat(TRACKER, "cpu"), one_pass.BASELINES["csrt"]()
    rows: dict[str, list[float]] = {}
    for layout, names in UNSEEN.items():
        for sequence in read_sequences(data / "tracking" / layout, layout):
            if sequence.name in names:
                both = [
                    cast(dict[str, float], one_pass.evaluate(one, [sequence], layout)["mean"])
                    for one in (ours, csrt)
                ]
                rows[sequence.name] = [scores[key] for scores in both for key in MEASURES]
    return part([TRACKER], "sequence", len(rows), began, tracking_figures(rows))


def tracking_figures(rows: dict[str, list[float]]) -> dict[str, Figure]:
    """rows: by sequence the MEASURES of our tracker, then those of CSRT"""
    table = [[*row, 1.0] for row in rows.values()]
    count = 2 * len(MEASURES)
    found = {key: figure(table, share(i, count)) for i, key in enumerate(MEASURES)}
    found |= {
        f"csrt_{key}": figure(table, share(i + len(MEASURES), count))
        for i, key in enumerate(MEASURES)
    }
    found |= {f"{key}_to_csrt": figure(table, share(i, i + len(MEASURES)))
              for i, key in enumerate(MEASURES) if key != "precision"}  # fmt: skip
    for name, row in rows.items():
        found |= {f"{name}_success_auc": Figure(row[0]),
                  f"{name}_csrt_success_auc": Figure(row[len(MEASURES)])}  # fmt: skip
    return found
