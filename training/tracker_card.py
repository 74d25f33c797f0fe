"""What the card of lorat_edge says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from road_clarity.models.cards import Card
from road_clarity.training.tracking_sources import LICENCES

if TYPE_CHECKING:
    from road_clarity.training.tracker import TrackerConfig

SIMULATED = {"simulated streets of this repository": "Apache-2.0"}
NOTES = """\
# lorat_edge: where somebody who was seen once is now

LoRAT (arXiv:2403.05231) with four blocks of 192 dimensions on tokens of an EfficientNet-Lite0
(models/conv_embed.py) instead of patches; template 112 px, search region 224 px.

**Licence of the weights: research and non-commercial use**, since TLD, PETS and CamVid frames made
them.

**How it learned.** No pretrained transformer was at hand, but a convolutional network that knows
ImageNet. Its weights stayed as they are; the blocks on top learned the pair task with all their
weights, were then frozen, and adapted by LoRA of rank 16, which the file keeps apart from the base
and loading merges. These weights come from stage "{stage}".

**Split.** Learned from PETS frames 0..399, TLD david, jumping and pedestrian1, objects of CamVid
train, street clips with boxes of FastestDet, CamVid objects pasted on other streets, and rendered
streets. PETS from frame 400 and CamVid val gave the validation pairs. TLD pedestrian2 and car and
OTB Crossing were never learned from.

**Known failures.** Objects below about 12 px, full occlusion, look-alikes that pass each other,
distant cars in a row, and anything that is neither a person, a vehicle nor a face.
"""


def tracker_card(config: TrackerConfig, stage: str, seconds: float, overlap: float) -> Card:
    """overlap: mean IoU on held-out pairs"""
    steps = f"--match {config.match} --adapt {config.adapt} --simulated {config.simulated}"
    return Card(
        name="lorat_edge",
        architecture="lorat_c4_224",
        data=LICENCES | (SIMULATED if config.simulated else {}),
        command=f"road-clarity train tracker {steps} --seed {config.seed}",
        seed=config.seed,
        cost=f"{seconds / 3600:.2f} h of stage {stage} on one shared CPU core",
        metrics={"held_out_pair_iou": round(overlap, 4)},
        metrics_command="road-clarity evaluate tracking --format tld "
        "--data $ROAD_CLARITY_DATA/tracking/tld",
        notes=NOTES.format(stage=stage),
    )
