"""A segmentation on simulated streets, whose classes are known to the pixel: another camera.

Validation images of a data set come from the drives that a network learnt from, so they say little
about a road that it never saw.  These streets no shipped segmentation has learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from road_clarity.evaluation.label_images import CAMVID
from road_clarity.evaluation.risk_clips import SIZE
from road_clarity.evaluation.seeds import seed_range
from road_clarity.models import iou
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.segmentation import SegmentationStage
from road_clarity.training.simulator.film import SimFrame, simulate
from road_clarity.training.simulator.scenario import SCENARIOS

FPS, SECONDS = 0.5, 8.0  # four images of a clip: neighbours are alike


def street_frames(seeds: str | None) -> Iterator[SimFrame]:
    """Of every story for every seed.  seeds: A:B.  Raises BadInput."""
    if seeds is None:
        raise BadInput("--seeds", "missing", "name the streets as A:B, such as 9000:9004")
    for seed in seed_range(seeds):
        for story in SCENARIOS:
            yield from simulate(seed, story, SIZE, FPS, SECONDS)


def street_confusion(stage: SegmentationStage, shot: SimFrame) -> iou.Confusion:
    """The stage's classes, as the pipeline has them, against the true ones."""
    truth = shot.truth.classes
    said = stage.run(Frame(0, shot.stamp_ns, shot.image)).classes
    large = cv2.resize(said, truth.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return iou.confusion(truth, np.asarray(large, np.uint8), len(CAMVID.classes))
