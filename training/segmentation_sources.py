"""Labelled streets that take minutes to make, made once: a teacher's, and simulated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState  # type: ignore[import-untyped]

from road_clarity.training.data_root import data_root
from road_clarity.training.labelled import Labelled
from road_clarity.training.street_labels import label_street

SIMULATED = 192  # frames
FIRST_SEED = 7000  # evaluation uses small seeds
SIMULATED_SIZE = (640, 360)  # width, height [px]


def teacher_streets(folder: Path) -> list[Labelled]:
    """Real street frames with the labels of two published networks."""
    return cached(folder / "streets.npz", lambda: label_street(data_root()))


def simulated_streets(folder: Path) -> list[Labelled]:
    """Rendered streets; what every pixel shows is known."""
    return cached(folder / "simulated.npz", render)


def render() -> Iterable[Labelled]:
    from road_clarity.training.simulator.samples import training_samples

    for frame in islice(training_samples(FIRST_SEED, SIMULATED_SIZE), SIMULATED):
        yield Labelled(frame.image, frame.truth.classes)


def cached(path: Path, make: Callable[[], Iterable[Labelled]]) -> list[Labelled]:
    """What the file holds; one process writes it when it is not there, the others wait."""
    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        if not path.is_file():
            made = list(make())
            new = path.with_suffix(".new.npz")
            images = np.stack([pair.image for pair in made])
            np.savez(new, images=images, labels=np.stack([pair.label for pair in made]))
            new.replace(path)
    stored = np.load(path)
    return [Labelled(*pair) for pair in zip(stored["images"], stored["labels"], strict=True)]
