"""Digital: contrast, elastic, pixelate, jpeg (Hendrycks & Dietterich 2019)."""

from __future__ import annotations

import cv2
import numpy as np

from road_clarity.evaluation.corruptions.blur import scale
from road_clarity.evaluation.corruptions.noise import Image


def contrast(image: Image, kept: float, rng: np.random.Generator) -> Image:
    """kept: share of the contrast"""
    mean = image.mean(axis=(0, 1), keepdims=True)
    return np.asarray((image - mean) * np.float32(kept) + mean, np.float32)


def elastic(image: Image, strength: tuple[float, float], rng: np.random.Generator) -> Image:
    """strength: how far places move and how smoothly that changes, both over the shorter side."""
    reach, smooth = (part * min(image.shape[:2]) for part in strength)
    rows, columns = np.indices(image.shape[:2], dtype=np.float32)
    moves = []
    for _ in range(2):
        move = rng.uniform(-1, 1, rows.shape).astype(np.float32)
        move = cv2.GaussianBlur(move, (0, 0), max(smooth, 0.5))
        moves.append(move * np.float32(reach / np.abs(move).max()))
    return np.asarray(cv2.remap(image, columns + moves[0], rows + moves[1], cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REFLECT), np.float32)  # fmt: skip


def pixelate(image: Image, kept: float, rng: np.random.Generator) -> Image:
    """kept: share of the pixels that are left along each side, of an image of the paper's size"""
    height, width = image.shape[:2]
    share = kept / max(scale(image), 1.0)
    small = (max(1, round(width * share)), max(1, round(height * share)))
    shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_NEAREST))


def jpeg(image: Image, quality: int, rng: np.random.Generator) -> Image:
    """quality: of the JPEG file, 1..100"""
    bgr = np.round(np.clip(image[..., ::-1], 0, 1) * 255).astype(np.uint8)
    _, file = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    kept = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
    return np.asarray(kept[..., ::-1] / 255.0, np.float32)
