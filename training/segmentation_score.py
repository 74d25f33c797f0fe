"""What a segmentation network says of held-out images, and how well that matches."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from road_clarity.models.ffnet import normalise
from road_clarity.models.iou import Confusion, confusion, empty
from road_clarity.training.labelled import Label, Labelled
from road_clarity.training.picture import Image


def said(network: nn.Module, image: Image, seen: tuple[int, int], size: tuple[int, int]) -> Label:
    """The likeliest class of every pixel.

    seen: width, height at which the network looks      size: width, height of the answer
    """
    device = next(network.parameters()).device
    squeezed = cv2.resize(image, seen, interpolation=cv2.INTER_AREA)
    logits = network(normalise(torch.from_numpy(squeezed)[None].to(device)))
    full = F.interpolate(logits, size[::-1], mode="bilinear", align_corners=False)
    return np.asarray(full.argmax(1)[0].byte().cpu().numpy())


def compared(
    network: nn.Module, pairs: Iterable[Labelled], seen: tuple[int, int], classes: int
) -> Confusion:
    """As Cityscapes counts: logits enlarged to the label's size, one matrix over all images."""
    total = empty(classes)
    for pair in pairs:
        answer = said(network, pair.image, seen, (pair.label.shape[1], pair.label.shape[0]))
        total += confusion(pair.label, answer, classes)
    return total
