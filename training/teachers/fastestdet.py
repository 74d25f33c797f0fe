"""FastestDet (COCO, github.com/dog-qiuqiu/FastestDet, BSD-3): a second opinion on people and cars.

The network says, for every cell of a grid, how much of an object there is, where its centre lies
(tanh, in cells), how large it is (sigmoid, share of the image) and what it is.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

SIDE = 352  # [px] of the square input
PERSON_CLASSES = (0, 1, 3)  # person, bicycle, motorcycle
VEHICLE_CLASSES = (2, 5, 6, 7)  # car, bus, train, truck

Image = NDArray[np.uint8]  # (H, W, 3) RGB
Boxes = NDArray[np.float32]  # (N, 4) x0, y0, x1, y1 [px]


class FastestDet:
    def __init__(self, path: Path, threshold: float) -> None:
        """threshold: objectness times class score from which a box counts."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options)
        self.threshold = threshold

    def look(self, image: Image) -> tuple[Boxes, Boxes]:
        """Boxes of people and of vehicles; overlapping ones are not merged."""
        grid = self.grid(image)  # (85, rows, columns)
        kinds = grid[5:].argmax(axis=0)
        sure = grid[0] * grid[5:].max(axis=0) > self.threshold
        boxes = centred_boxes(grid[1:5], image.shape[1], image.shape[0])
        people = sure & np.isin(kinds, PERSON_CLASSES)
        vehicles = sure & np.isin(kinds, VEHICLE_CLASSES)
        return boxes[people], boxes[vehicles]

    def look_closely(self, image: Image) -> tuple[Boxes, Boxes]:
        """As look, but also at squares of full height and at the middle, where things are small."""
        height, width = image.shape[:2]
        lefts = sorted({0, (width - height) // 2, width - height}) if width > height else []
        views = [(0, 0, width, height)]
        views += [(left, 0, left + height, height) for left in lefts]
        views += [(width // 4, height // 4, 3 * width // 4, 3 * height // 4)]
        people, vehicles = [], []
        for x0, y0, x1, y1 in views:
            found = self.look(np.ascontiguousarray(image[y0:y1, x0:x1]))
            shift = np.array([x0, y0, x0, y0], np.float32)
            people.append(found[0] + shift)
            vehicles.append(found[1] + shift)
        return np.concatenate(people), np.concatenate(vehicles)

    def grid(self, image: Image) -> NDArray[np.float32]:
        bgr = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        batch = np.ascontiguousarray(bgr.transpose(2, 0, 1)[None], np.float32) / 255
        outputs = self.session.run(None, {self.session.get_inputs()[0].name: batch})
        return np.asarray(outputs[0][0], np.float32)


def centred_boxes(raw: NDArray[np.float32], width: int, height: int) -> Boxes:
    """(4, rows, columns) of the grid -> (rows, columns, 4) corners [px]"""
    rows, columns = np.indices(raw.shape[1:])
    x = (columns + np.tanh(raw[0])) / raw.shape[2] * width
    y = (rows + np.tanh(raw[1])) / raw.shape[1] * height
    half_w, half_h = (0.5 / (1 + np.exp(-raw[i])) * side for i, side in ((2, width), (3, height)))
    corners = (x - half_w, y - half_h, x + half_w, y + half_h)
    return np.stack(corners, axis=-1).astype(np.float32)
