"""`python -m road_clarity.evaluation.accuracy`: measure, and make docs/accuracy.md again.

`make accuracy` runs it; PART names what is measured, the other figures stay as they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import cv2
import torch

from road_clarity.evaluation.accuracy import card_figures, dreams, figures, road_users, roads
from road_clarity.evaluation.accuracy.figures import Figure, Part
from road_clarity.evaluation.accuracy.page import FOLDER, page
from road_clarity.evaluation.accuracy.panels import Example, jpeg, three_of
from road_clarity.evaluation.accuracy.recordings import recorded_examples
from road_clarity.evaluation.accuracy.streets import street_examples
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.weights import WEIGHTS
from road_clarity.training.data_root import data_root

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, FIGURES, PICTURES = DOCS / "accuracy.md", DOCS / "accuracy.json", DOCS / FOLDER
LOCAL = Path("out/accuracy")  # pictures of data that may not be copied into the repository


def size(_: Path) -> Part:
    """Of all files of weights together [MB]."""
    files = list(WEIGHTS.glob("*.safetensors"))
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    return Part({}, "file", len(files), 0.0, {"megabytes": Figure(round(megabytes, 1))})


MEASURES: dict[str, Callable[[Path], Part]] = {
    "lanes": roads.lanes,
    "segmentation": roads.segmentation,
    "people": road_users.people,
    "tracking": road_users.tracking,
    "world": dreams.world,
    "size": size,
}


def remake(wanted: Sequence[str]) -> list[Path]:
    """Measure these parts; write figures, pictures, cards and page.  Raises BadInput."""
    data = data_root()
    parts = figures.read(FIGURES) if FIGURES.is_file() else {}
    fresh = {name: timed(name, data) for name in MEASURES if name in (*wanted, "size")}
    began = perf_counter()
    streets, pictures = street_examples(fresh), list[Path]()
    for name, examples in recorded_examples(data, fresh).items():
        pictures += save(name, three_of(examples), LOCAL)
    each_s = (perf_counter() - began) / max(len(streets), 1)  # one film serves all parts
    for name, examples in streets.items():
        three = three_of(examples)
        pictures += save(name, three, PICTURES)
        told = {place: f"{one.words}: {one.shown}" for place, one in three.items()}
        told["count"] = str(len(examples))
        seconds = round(fresh[name].seconds + each_s, 1)
        fresh[name] = replace(fresh[name], examples=told, seconds=seconds)
    parts |= fresh
    FIGURES.write_text(figures.written({name: parts[name] for name in MEASURES if name in parts}))
    return [*pictures, FIGURES, *card_figures.update_cards(fresh, WEIGHTS), *write_page()]


def rewrite() -> list[Path]:
    """Cards and page, from the figures that are there.  Raises BadInput where they are stale."""
    return [*card_figures.update_cards(figures.read(FIGURES), WEIGHTS), *write_page()]


def write_page() -> list[Path]:
    """The page, from the figures that are there.  Raises BadInput."""
    parts = figures.read(FIGURES)
    missing = [name for name in MEASURES if name not in parts]
    if missing:
        raise BadInput("figures", FIGURES, f"lack {', '.join(missing)}; measure them first")
    PAGE.write_text(page(parts))
    return [PAGE]


def timed(name: str, data: Path) -> Part:
    began = perf_counter()
    part = MEASURES[name](data)
    print(f"{name}: {perf_counter() - began:.0f} s", file=sys.stderr)
    return part


def save(name: str, three: dict[str, Example], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for place, example in three.items():
        path = folder / f"{name}_{place}.jpg"
        path.write_bytes(jpeg(example.panel))
        paths.append(path)
    return paths


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="road_clarity.evaluation.accuracy", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure; else all of {list(MEASURES)}")
    parser.add_argument("--page", action="store_true", help="measure nothing, write page and cards")
    asked = parser.parse_args(argv)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)  # CSRT on as many cores as our tracker
    try:
        for name in asked.parts:
            if name not in MEASURES:
                raise BadInput("part", name, f"choose of {', '.join(MEASURES)}")
        written = rewrite() if asked.page else remake(asked.parts or list(MEASURES))
    except (BadInput, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
