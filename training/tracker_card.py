"""What the card of lorat_edge says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from road_clarity.models.cards import Card
from road_clarity.training.tracking_sources import LICENCES

if TYPE_CHECKING:
    from road_clarity.training.tracker import TrackerConfig

ARCHITECTURE = "lorat_k4_168"
FROM_IMAGENET = "The blocks began from nothing."
FROM_WEIGHTS = "The blocks began from weights that had learned so with other regions."
SIMULATED = {"simulated streets of this repository": "Apache-2.0"}
NOTES = """\
# lorat_edge: where somebody who was seen once is now

LoRAT (arXiv:2403.05231) with four blocks of 192 dimensions on tokens of an EfficientNet-Lite0
(models/conv_embed.py) instead of patches; template 112 px, search region 168 px, which is three
sides of the target.  The template does not hear the search region, so that it is worked out once
per target (models/lorat.py).

**Licence of the weights: research and non-commercial use**, since TLD, PETS and CamVid frames made
them.

**How it learned.** No pretrained transformer was at hand, but a convolutional network that knows
ImageNet. Its weights stayed as they are; the blocks on top learned the pair task with all their
weights and, where the recipe's `adapt` is not 0, were then frozen and adapted by LoRA of rank 16,
which the file keeps apart from the base and loading merges.
{began}
These weights come from stage "{stage}".

**Split.** Learned from PETS frames 0..399, TLD david, jumping and pedestrian1, objects of CamVid
train, street clips with boxes of FastestDet, CamVid objects pasted on other streets, and rendered
streets. PETS from frame 400 and CamVid val gave the validation pairs. TLD pedestrian2 and car and
OTB Crossing were never learned from.

**Known failures.** Objects below about 12 px, full occlusion, look-alikes that pass each other,
distant cars in a row, and anything that is neither a person, a vehicle nor a face.
"""


def tracker_card(config: TrackerConfig, stage: str, seconds: float, overlap: float) -> Card:
    """overlap: mean IoU on held-out pairs"""
    began = f"--start {config.start.name} " if config.start else ""
    steps = (
        f"{began}--match {config.match} --match-rate {config.match_rate} --adapt {config.adapt} "
        f"--simulated {config.simulated}"
    )
    return Card(
        name="lorat_edge",
        architecture=ARCHITECTURE,
        data=LICENCES | (SIMULATED if config.simulated else {}),
        command=f"road-clarity train tracker {steps} --seed {config.seed}",
        seed=config.seed,
        cost=f"{seconds / 3600:.2f} h of stage {stage} on one shared CPU core",
        metrics={"held_out_pair_iou": round(overlap, 4)},
        metrics_command="road-clarity evaluate tracking --format tld "
        "--data $ROAD_CLARITY_DATA/tracking/tld",
        notes=NOTES.format(stage=stage, began=FROM_WEIGHTS if config.start else FROM_IMAGENET),
    )
