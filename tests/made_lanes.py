"""Made lane data sets in the layouts of CULane and TuSimple: two white lines on a grey road."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

CULANE_SIZE, TUSIMPLE_SIZE = (164, 59), (128, 72)  # width, height: a tenth of the real ones
ROWS = list(range(20, 72, 4))
LEFT = [60 - (y - 20) / 2 for y in ROWS]
RIGHT = [68 + (y - 20) / 2 for y in ROWS]


def road(size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) grey"""
    return np.full((size[1], size[0], 3), 90, np.uint8)


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def made_culane(root: Path, count: int = 3) -> Path:
    """list/train_gt.txt with `count` roads whose own lane, classes 2 and 3, is marked."""
    lines = []
    for number in range(count):
        image, label = road(CULANE_SIZE), np.zeros(CULANE_SIZE[::-1], np.uint8)
        for place, x in ((2, 40), (3, 120)):
            cv2.line(image, (80, 10), (x, 58), (255, 255, 255), 3)
            cv2.line(label, (80, 10), (x, 58), place, 3)
        write(root / f"driver_1/{number:05}.jpg", image)
        write(root / f"laneseg_label_w16/driver_1/{number:05}.png", label)
        lines.append(
            f"/driver_1/{number:05}.jpg /laneseg_label_w16/driver_1/{number:05}.png 0 1 1 0"
        )
    (root / "list").mkdir(exist_ok=True)
    (root / "list/train_gt.txt").write_text("\n".join(lines) + "\n")
    (root / "list/val_gt.txt").write_text(lines[0] + "\n")
    return root


def made_tusimple(root: Path, count: int = 3) -> Path:
    """label_data_0313.json with `count` roads whose own lane is marked, and a lane of one point."""
    lines = []
    for number in range(count):
        image, name = road(TUSIMPLE_SIZE), f"clips/0313-1/{number}/20.jpg"
        for lane in (LEFT, RIGHT):
            points = np.rint(np.stack([lane, ROWS], axis=1)).astype(np.int32)
            cv2.polylines(image, [points], False, (255, 255, 255), 2)
        write(root / name, image)
        one_point = [-2.0] * (len(ROWS) - 1) + [120.0]
        frame = {"raw_file": name, "lanes": [LEFT, RIGHT, one_point], "h_samples": ROWS}
        lines.append(json.dumps(frame))
    (root / "label_data_0313.json").write_text("\n".join(lines) + "\n")
    return root
