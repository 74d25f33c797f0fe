"""The second recipe of fastest_det_edge: shown again what earlier weights got wrong.

Where the network boxes nobody, boxes somebody twice or badly, or does not surely see somebody,
views are aimed more often (bootstrapping: Sung & Poggio 1998, section 2.3; hard examples:
Shrivastava et al. 2016, arXiv:1604.03540).  Rendered streets alone choose the weights, so that PETS
from frame 400 on only measures.  All else is as in the first recipe.
N objects, boxes (x0, y0, x1, y1).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.models.cards import Card
from road_clarity.models.detections import Detection, detections, overlaps
from road_clarity.models.fastest_det import KINDS, FastestDet
from road_clarity.safety.settings import setting
from road_clarity.training import finder_data as data
from road_clarity.training.finder import OTHERS, PEOPLE, STREETS, FinderConfig, FinderRecipe
from road_clarity.training.finder_card import mistakes_card
from road_clarity.training.finder_score import FOUND, average_precision, network_input
from road_clarity.training.finder_streets import Clip, street_pictures
from road_clarity.training.fit import fit
from road_clarity.training.publish import publish
from road_clarity.training.schedules import cosine, warm_up
from road_clarity.training.start_file import read_start

BEGAN = "began.safetensors"  # below OUT: what the run goes on from
CHECKED_SEEDS = (3900, 3901)
WARM_UP = 20  # batches
CLAIMED = 0.55  # score from which a box that is not right counts as a mistake
SURE = 0.6  # score below which somebody was not surely seen
BLAMELESS = 0.2  # overlap with somebody who need not be found, from which a box is no mistake
MISSED_PX = 20  # height in the network's picture below which a miss is no mistake


@dataclass(frozen=True, kw_only=True)
class MistakesConfig(FinderConfig):
    start: Path = setting(
        Path("out/finder_edge/best.safetensors"), "weights to go on from: the first recipe's"
    )
    steps: int = setting(700, "batches to learn from", low=1)
    seeds: int = setting(16, "streets of every story to render and learn from", low=1, high=900)
    learning_rate: float = setting(4e-4, "after the warm-up", low=0.0)


CONFIG = MistakesConfig


class MistakesRecipe(FinderRecipe):
    chosen_by = "rendered_ap"
    with_untold = True

    def __init__(self, config: MistakesConfig, out: Path) -> None:
        super().__init__(config, out)
        self.settings = config
        self.network.load_state_dict(read_start(began(config.start, out)))
        streets, pets, real = self.sources
        self.sources = (corrected(streets, self.network), corrected(pets, self.network), real)
        checked = street_pictures(CHECKED, out / STREETS)
        self.streets = [data.whole_view(one) for one in checked]

    def rate(self, step: int) -> float:
        course = warm_up(step, WARM_UP) * cosine(step, self.config.steps, last=0.02)
        return self.config.learning_rate * course

    def score(self, network: FastestDet) -> dict[str, float]:
        found = self.on_streets(network)
        return {"rendered_ap": float(np.mean(list(found.values())))} | found

    def publish(
        self, network: FastestDet, score: dict[str, float], step: int, seconds: float
    ) -> None:
        pets = average_precision(network, self.people, data.PERSON)
        made: Card = mistakes_card(self.settings, step, seconds, score | {"pets_person_ap": pets})
        publish(made, network.state_dict(), self.config.weights)


CHECKED: list[Clip] = [(story, seed) for seed in CHECKED_SEEDS for story in (*PEOPLE, *OTHERS)]


def began(start: Path, out: Path) -> Path:
    """A copy of the first weights: a run that is resumed finds them, whatever was published."""
    kept = out / BEGAN
    if not kept.is_file():
        read_start(start)  # or says what is wrong with it
        out.mkdir(parents=True, exist_ok=True)
        shutil.copy(start, kept.with_suffix(".new"))
        kept.with_suffix(".new").replace(kept)
    return kept


def corrected(pictures: Iterable[data.Seen], network: FastestDet) -> list[data.Seen]:
    """The same pictures with what the network gets wrong in them."""
    network.eval()
    return [replace(one, mistakes=mistakes(one, network)) for one in pictures]


@torch.inference_mode()
def mistakes(seen: data.Seen, network: FastestDet) -> NDArray[np.float32]:
    """(M, 4) [px]"""
    image = seen.image
    view = data.whole_view(replace(seen, picture=image))
    said = detections(network(network_input(view.image[None])), CLAIMED)[0]
    if seen.known == data.PEOPLE_KNOWN:
        said = [one for one in said if one.label == list(KINDS)[data.PERSON]]
    size = np.tile(image.shape[1::-1], 2).astype(np.float32)
    return wrong(said, view) * size


def wrong(said: Iterable[Detection], view: data.Views) -> NDArray[np.float32]:
    """Boxes in vain and people not surely seen, in parts of the view: (M, 4).  said: best first"""
    boxes, kinds, asked = view.boxes.numpy(), view.kinds.numpy(), view.asked.numpy()
    free, unsure = kinds != data.NOBODY, asked & (height_px(boxes) >= MISSED_PX)
    vain = []
    for one in said:
        common = overlaps(np.array(one.box, np.float32), boxes)
        common = common * (kinds == list(KINDS).index(one.label))
        best = int((common * free).argmax())
        if free[best] and common[best] >= FOUND:
            free[best] = False
            unsure[best] &= one.score < SURE
        elif not (common[~asked] >= BLAMELESS).any():
            vain.append(one.box)
    return np.concatenate([data.as_boxes(vain), boxes[unsure]])


def height_px(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """In the network's picture: (N, 4) in parts -> (N,)"""
    return np.asarray((boxes[:, 3] - boxes[:, 1]) * data.WHOLE[1], np.float32)


def train(config: MistakesConfig, out: Path) -> None:
    """Learn, or go on learning."""
    fit(MistakesRecipe(config, out), out)
