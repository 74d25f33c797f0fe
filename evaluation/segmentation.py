"""Scores of a segmentation against label images, as CamVid, Cityscapes and BDD100K count.

One confusion matrix over all images.  A pixel whose truth is void does not count; an answer of void
is a miss.  BDD100K takes its mean over the classes of the truth, the others over all that occur,
and scores a missing prediction as void instead of refusing it.  K classes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from road_clarity.evaluation.label_folders import Answers, Sample, samples, truths
from road_clarity.evaluation.label_images import (
    ANYTHING,
    CAMVID,
    CITYSCAPES,
    TAXONOMIES,
    LabelImage,
    Labels,
    Taxonomy,
    as_camvid,
    compare,
    meaning_of,
    numbers,
    read_labels,
)
from road_clarity.evaluation.street_classes import street_confusion, street_frames
from road_clarity.models import iou
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import FFNet, normalise
from road_clarity.models.ffnet_input import SIZE, sees_half, smoothed_half
from road_clarity.pipeline.answers import require_finite
from road_clarity.pipeline.backends.network import Running, load
from road_clarity.pipeline.backends.runtime import FP32, RuntimeConfig
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.perception import pick_device
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Report = dict[str, object]


def evaluate_predictions(predictions: Path, folder: Path, layout: str) -> Report:
    """Label images below `predictions` against those of the same frames below `folder`."""
    answers, taxonomy = Answers(predictions, layout), TAXONOMIES[layout]
    pairs = [(truth, answers.to(truth, folder)) for truth in truths(folder, layout)]
    missing = [truth for truth, said in pairs if said is None]
    if missing and (layout != "bdd100k" or len(missing) == len(pairs)):
        raise BadInput("--predictions", predictions, f"has no label image for {missing[0].name}")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # OpenCV works unlocked
        found = pool.map(lambda pair: compare_files(pair[0], pair[1], layout), pairs)
        return report(found, taxonomy, folder, layout)


def compare_files(truth_path: Path, said_path: Path | None, layout: str) -> iou.Confusion:
    """Raises BadInput."""
    truth = LabelImage(truth_path, read_labels(truth_path), meaning_of(truth_path, layout))
    if said_path is None:
        said = LabelImage(truth_path, np.full_like(truth.numbers, 255), truth.meaning)
    else:
        meaning = meaning_of(said_path, layout, otherwise=truth.meaning)
        meaning = ANYTHING if layout == "bdd100k" else meaning
        said = LabelImage(said_path, read_labels(said_path), meaning)
    return compare(truth, said, len(TAXONOMIES[layout].classes))


def evaluate_model(name: str, data: Path, split: str, layout: str, device: str = "cpu") -> Report:
    """The network with the weights of that name.  Raises BadInput.

    A network of Cityscapes' classes is scored in these where the truth has them, as published.
    Any other is scored in CamVid's, as the pipeline runs it.
    """
    device = pick_device(device)
    running = load(name, FFNet, RuntimeConfig(backend="torch", precision=FP32), device)
    published = running.network.classes == len(CITYSCAPES.classes)
    if published and TAXONOMIES[layout] is CITYSCAPES:
        return evaluate_network(running, data, split, layout, device)
    stage = SegmentationStage(SegmentationConfig(weights=name), device)
    return evaluate_stage(stage, data, split, layout)


def evaluate_streets(name: str, seeds: str | None, device: str = "cpu") -> Report:
    """The same network on simulated streets.  Raises BadInput."""
    stage = SegmentationStage(SegmentationConfig(weights=name), pick_device(device))
    found = (street_confusion(stage, shot) for shot in street_frames(seeds))
    return report(found, CAMVID, Path("simulated streets"), "camvid")


def evaluate_stage(stage: SegmentationStage, data: Path, split: str, layout: str) -> Report:
    """The pipeline's own segmentation, in CamVid's classes."""
    return report(stage_confusions(stage, data, split, layout), CAMVID, data, layout)


def stage_confusions(
    stage: SegmentationStage, data: Path, split: str, layout: str
) -> Iterator[iou.Confusion]:
    """The same of every image.  Raises BadInput."""

    def says(image: Image, size: tuple[int, int]) -> Labels:
        found = stage.run(Frame(0, 0, image)).classes
        return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_NEAREST), np.uint8)

    return confusions(says, CAMVID, data, split, layout)


def evaluate_network(running: Running, data: Path, split: str, layout: str, device: str) -> Report:
    """A network of Cityscapes' classes at the resolution of the labels, as published."""

    @torch.inference_mode()
    def says(image: Image, size: tuple[int, int]) -> Labels:
        if image.shape[1::-1] != SIZE:
            image = np.asarray(cv2.resize(image, SIZE), np.uint8)
        seen = normalise(torch.from_numpy(image)[None].to(device))
        if sees_half(running.card.architecture):
            seen = smoothed_half(seen)
        logits = running.network(seen)
        require_finite("segmentation", logits)
        full = F.interpolate(logits, size[::-1], mode="bilinear", align_corners=False)
        return np.asarray(full.argmax(dim=1)[0].cpu().numpy(), np.uint8)

    return report(confusions(says, CITYSCAPES, data, split, layout), CITYSCAPES, data, layout)


def confusions(
    says: Callable[[Image, tuple[int, int]], Labels],
    taxonomy: Taxonomy,
    data: Path,
    split: str,
    layout: str,
) -> Iterator[iou.Confusion]:
    """says: image, (W, H) of its labels -> labels in the taxonomy's classes.  Raises BadInput."""

    def one(sample: Sample) -> iou.Confusion:
        meaning = meaning_of(sample.truth, layout)
        if taxonomy is not TAXONOMIES[layout]:
            meaning = as_camvid(meaning)
        truth = LabelImage(sample.truth, read_labels(sample.truth), meaning)
        height, width = truth.numbers.shape
        said = says(read_rgb(sample.image), (width, height))
        classes = len(taxonomy.classes)
        return compare(truth, LabelImage(sample.image, said, numbers(range(classes))), classes)

    return map(one, samples(data, split, layout))


def report(found: Iterable[iou.Confusion], taxonomy: Taxonomy, where: Path, layout: str) -> Report:
    """JSON: miou, iou per class that occurs, pixel_accuracy, ...  Raises BadInput."""
    total, images = iou.empty(len(taxonomy.classes)), 0
    for one in found:
        total, images = total + one, images + 1
    if not total.any():
        raise BadInput("ground truth", where, "every pixel of it is void")
    each = zip(taxonomy.classes, iou.iou(total), strict=True)
    return {
        "miou": iou.mean_iou(total, of_truth_only=layout == "bdd100k"),
        "iou": {name: float(value) for name, value in each if not np.isnan(value)},
        "pixel_accuracy": iou.pixel_accuracy(total),
        "frequency_iou": iou.frequency_iou(total),
        "classes": taxonomy.name,
        "images": images,
    }


def read_rgb(path: Path) -> Image:
    """Raises BadInput."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if image is None:
        raise BadInput("image", path, "is not there or cannot be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
