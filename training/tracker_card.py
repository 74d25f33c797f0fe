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

LoRAT (arXiv:2403.05231) on a vision transformer of 192 dimensions and 6 blocks (half a ViT-Ti);
template 112 px, search region 224 px.

**Licence of the weights: research and non-commercial use**, since TLD, PETS and CamVid frames made
them.

**How it learned.** No pretrained transformer was at hand. The base learned here, first to imitate
the ImageNet features of EfficientNet-Lite0 on street pictures, then, with all weights, the pair
task itself; only then was it frozen and adapted by LoRA of rank 16, which the file keeps apart from
the base and loading merges. These weights come from stage "{stage}".

**Split.** Learned from PETS frames 0..399, TLD david, jumping and pedestrian1, objects of CamVid
train, street clips with boxes of FastestDet, and CamVid objects pasted on other streets. PETS from
frame 400 and CamVid val gave the validation pairs. TLD pedestrian2 and car and OTB Crossing were
never seen.

**How good it is.** First weights. People in full view are boxed well; a target is followed more
surely than it is measured: without blobs to start anew from, the box of a small blurred target
shrinks over a hundred frames while its centre stays right. OpenCV's CSRT is better on sequences of
one object (success 0.77 on Crossing, 0.28 on pedestrian2, 0.34 on car).

**Known failures.** Objects below about 20 px, full occlusion, look-alikes that pass each other,
distant cars in a row, and anything that is neither a person, a vehicle nor a face.
"""


def tracker_card(config: TrackerConfig, stage: str, seconds: float, overlap: float) -> Card:
    """overlap: mean IoU on held-out pairs"""
    steps = f"--see {config.see} --match {config.match} --adapt {config.adapt}"
    shares = f"--whole {config.whole} --simulated {config.simulated}"
    return Card(
        name="lorat_edge",
        architecture="lorat_t6_224",
        data=LICENCES | (SIMULATED if config.simulated else {}),
        command=f"road-clarity train tracker {steps} {shares} --seed {config.seed}",
        seed=config.seed,
        cost=f"{seconds / 3600:.2f} h of stage {stage} on one shared CPU core",
        metrics={"held_out_pair_iou": round(overlap, 4)},
        metrics_command="road-clarity evaluate tracking --format tld "
        "--data $ROAD_CLARITY_DATA/tracking/tld",
        notes=NOTES.format(stage=stage),
    )
