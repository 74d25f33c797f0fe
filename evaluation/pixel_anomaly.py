"""Pixels of things that no class describes: Fishyscapes and SegmentMeIfYouCan, by the energy map.

Fishyscapes (Blum et al. 2021, arXiv:1904.03215): `*_labels.png` anywhere below the folder, the
picture beside it as `*_rgb.*`, or as Lost and Found's `*_leftImg8bit.*`.
SegmentMeIfYouCan (Chan et al. 2021, arXiv:2104.14812): `images/NAME.*` and
`labels_masks/NAME_labels_semantic.png`, in the folder or one below.
Labels are 0 known, 1 anomaly, anything else not counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.evaluation.detection_scores import from_counts
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.pipeline.video import IMAGE_SUFFIXES

Pair = tuple[Path, Path]  # picture, labels
BINS = 1 << 16  # every value of float16: scores are told apart as finely as that


def fishyscapes(folder: Path) -> list[Pair]:
    """Raises BadInput for labels without a picture."""
    pictures = {path.stem: path for path in folder.rglob("*") if is_picture(path)}
    return [(picture_of(path, pictures), path) for path in sorted(folder.rglob("*_labels.png"))]


def picture_of(labels: Path, pictures: dict[str, Path]) -> Path:
    name = labels.stem.removesuffix("_labels")
    without_number = re.sub(r"^\d{4}_", "", name)
    for stem in (f"{name}_rgb", f"{name}_leftImg8bit", f"{without_number}_leftImg8bit"):
        if stem in pictures:
            return pictures[stem]
    raise BadInput("labels", labels, f"have no picture {name}_rgb or {without_number}_leftImg8bit")


def segmentmeifyoucan(folder: Path) -> list[Pair]:
    """Pictures without labels, the hidden test part, are left out."""
    pairs = []
    for images in sorted(path for path in folder.rglob("images") if path.is_dir()):
        for picture in sorted(path for path in images.iterdir() if is_picture(path)):
            labels = images.parent / "labels_masks" / f"{picture.stem}_labels_semantic.png"
            if labels.is_file():
                pairs.append((picture, labels))
    return pairs


READERS: dict[str, Callable[[Path], list[Pair]]] = {
    "fishyscapes": fishyscapes,
    "segmentmeifyoucan": segmentmeifyoucan,
}


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def evaluate_pixels(
    layout: str, folder: Path, config: SegmentationConfig, device: str,
    track: Callable[[Iterable[Any], str, int], Iterable[Any]],
) -> dict[str, Any]:  # fmt: skip
    """Scores of the energy over all pixels that count.  Raises BadInput."""
    pairs = READERS[layout](folder)
    if not pairs:
        raise BadInput("--data", folder, f"holds no labelled picture in the layout of {layout}")
    stage = SegmentationStage(config, device)
    counts = np.zeros((2, BINS), np.int64)
    for picture, labels in track(pairs, "pictures", len(pairs)):
        truth = read(labels, cv2.IMREAD_UNCHANGED)
        truth = truth if truth.ndim == 2 else truth[..., 0]
        image = np.ascontiguousarray(read(picture, cv2.IMREAD_COLOR)[..., ::-1])
        energy = stage.energy(Frame(0, 0, image)).numpy()
        size = (truth.shape[1], truth.shape[0])
        counts += counted(cv2.resize(energy, size, interpolation=cv2.INTER_LINEAR), truth)
    known, anomaly = int(counts[0].sum()), int(counts[1].sum())
    return {
        "energy": from_counts(counts[0], counts[1]),
        "pictures": len(pairs), "pixels": known + anomaly, "anomalous_pixels": anomaly,
    }  # fmt: skip


def read(path: Path, how: int) -> NDArray[np.uint8]:
    """Raises BadInput for what is no picture."""
    image = cv2.imread(str(path), how)
    if image is None:
        raise BadInput("picture", path, "it cannot be read")
    return np.asarray(image, np.uint8)


def counted(energy: NDArray[np.float32], truth: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many known and how many anomalous pixels have each value: (2, BINS), values rising"""
    places = ranks(energy)
    return np.stack([np.bincount(places[truth == kind], minlength=BINS) for kind in (0, 1)])


def ranks(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Place of each value among all float16, rising."""
    bits = values.astype(np.float16).view(np.uint16).astype(np.int64)
    return np.where(bits >= BINS // 2, BINS - 1 - bits, bits + BINS // 2)
