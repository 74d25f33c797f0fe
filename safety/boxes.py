"""How much boxes (x0, y0, x1, y1) share [px]."""

from __future__ import annotations

from road_clarity.safety.scene import Box


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    both = shared(a, b)
    return both / (area(a) + area(b) - both) if both else 0.0


def inside(a: Box, b: Box) -> float:
    """Share of the smaller box that lies in the other."""
    return shared(a, b) / min(area(a), area(b))


def shared(a: Box, b: Box) -> float:
    """Area of the intersection [px^2]."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
