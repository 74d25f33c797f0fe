"""The gallery of explanations: docs/gallery.md with its pictures, from simulated streets only.

`python -m road_clarity.evaluation.gallery` makes it again; the same weights on the same machine
give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import torch

from road_clarity.evaluation.gallery_cases import CASES, Case, Studio
from road_clarity.pipeline.overlay import Pixels

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gallery.md"
QUALITY = 72  # of the JPEGs, 0..100
INTRODUCTION = """\
# Gallery: why the world model failed, in pictures
Made by `python -m road_clarity.evaluation.gallery` from simulated streets and the weights that
ship; change nothing here by hand. The same sheets for a recording, an image folder, a bag, a run
folder or one image of yours:

```
road-clarity explain clip.mp4 --frame 120 --save why
```

What the words mean: [service.md](service.md). How often the stated causes are right where the cause
is known: `road-clarity evaluate world`.
"""


def make(page: Path = PAGE) -> list[Path]:
    """Write the page and its pictures; what it wrote."""
    torch.set_num_threads(1)  # sums in one order
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    studio, parts, written = Studio(), [INTRODUCTION], []
    for make_case in CASES:
        case = make_case(studio)
        for name, sheet in case.sheets.items():
            path = folder / f"{name}.jpg"
            path.write_bytes(jpeg(sheet))
            written.append(path)
        parts.append(chapter(case, folder.name))
    page.write_text("\n".join(parts))
    return [*written, page]


def jpeg(sheet: Pixels) -> bytes:
    bgr = cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def chapter(case: Case, folder: str) -> str:
    """Text first, so that one knows what to look for."""
    rows = [
        ("What one sees", case.seen),
        ("Which numbers", case.numbers),
        ("Where they come from", case.source),
        ("What it does not show", case.not_shown),
    ]
    text = "\n".join(f"- **{name}**: {words}" for name, words in rows)
    pictures = "\n\n".join(f"![{case.title}]({folder}/{name}.jpg)" for name in case.sheets)
    return f"## {case.title}\n{text}\n\n{pictures}\n"


if __name__ == "__main__":
    for path in make():
        print(path)
