"""Paper for panels: text that wraps, and parts that stand beside or below each other.

Everything is pixels (H, W, 3) RGB on one background, so parts are put together like bricks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.overlay import FONT, INK, Colour, text_width

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB

PAPER: Colour = (255, 255, 255)
GREY: Colour = (104, 110, 120)  # second text, axes
FAINT: Colour = (226, 229, 234)  # rules and grids
BLAME: Colour = (200, 40, 40)  # what the caption speaks of
CALM: Colour = (24, 104, 64)
WIDTH = 1000  # of a sheet [px]
MARGIN = 16
INNER = WIDTH - 2 * MARGIN
GAP = 12  # between parts
REGULAR, STRONG = 420, 680  # weights of the font
BODY, SMALL, TITLE = 15, 12, 22  # sizes of the font [px]
LEADING = 1.42  # line height over font size


def blank(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), PAPER, np.uint8)


def line(text: str, size: int = SMALL, weight: int = REGULAR, colour: Colour = INK) -> Pixels:
    """One line of text, as wide as it needs."""
    part = blank(text_width(text, size, weight) + 2, round(size * LEADING))
    write(part, text, (0, round(size * 1.06)), size, weight, colour)
    return part


def write(
    part: Pixels, text: str, at: tuple[int, int], size: int = SMALL, weight: int = REGULAR,
    colour: Colour = INK,
) -> None:  # fmt: skip
    """Draw into a part; at: left end of the baseline [px]."""
    cv2.putText(part, text, at, colour, FONT, size, weight)


def wrapped(text: str, width: int, size: int, weight: int) -> list[str]:
    """Lines that are at most so wide [px]; a word that is wider gets broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines += broken(word, width, size, weight)
    return [one for one in lines if one] or [""]


def broken(word: str, width: int, size: int, weight: int) -> list[str]:
    """A word in pieces that fit; most are one piece."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width(pieces[-1] + letter, size, weight) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def paragraph(
    text: str, width: int, size: int = SMALL, weight: int = REGULAR, colour: Colour = INK
) -> Pixels:
    """Text in as many lines as it takes: exactly `width` wide [px]."""
    rows = [line(one, size, weight, colour) for one in wrapped(text, width - 2, size, weight)]
    return below(rows, gap=0, width=width)


def beside(parts: Sequence[Pixels], gap: int = GAP) -> Pixels:
    """From left to right, tops aligned."""
    height = max(part.shape[0] for part in parts)
    grown = [grown_to(part, part.shape[1] + gap, height) for part in parts[:-1]]
    return np.hstack([*grown, grown_to(parts[-1], parts[-1].shape[1], height)])


def below(parts: Sequence[Pixels], gap: int = GAP, width: int = 0) -> Pixels:
    """From top to bottom, left edges aligned; width: at least so wide [px]."""
    width = max(width, *(part.shape[1] for part in parts))
    grown = [grown_to(part, width, part.shape[0] + gap) for part in parts[:-1]]
    return np.vstack([*grown, grown_to(parts[-1], width, parts[-1].shape[0])])


def grown_to(part: Pixels, width: int, height: int) -> Pixels:
    """Paper added at the right and at the bottom."""
    room = ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0))
    return np.pad(part, room, constant_values=PAPER[0])


def captioned(part: Pixels, title: str, text: str = "", colour: Colour = INK) -> Pixels:
    """A picture with its name above and what it shows below, no wider than the picture."""
    width = part.shape[1]
    rows = [paragraph(title, width, SMALL, STRONG, colour), part]
    return below([*rows, paragraph(text, width, SMALL, colour=GREY)] if text else rows, gap=3)


def section(title: str, part: Pixels, text: str) -> Pixels:
    """A panel: a rule, its heading, one sentence on how to read it, the picture."""
    rule = blank(INNER, 1)
    rule[:] = FAINT
    rows = [rule, line(title, BODY, STRONG)]
    if text:
        rows.append(paragraph(text, INNER, SMALL, colour=GREY))
    return below([*rows, part], gap=6)


@dataclass(frozen=True)
class Heading:
    """What stands on top of a sheet."""

    title: str
    about: str  # of which frame of which recording
    caption: str  # the cause in plain words
    alarming: bool  # whether that is bad news


def sheet(heading: Heading, sections: Sequence[Pixels], source: str) -> Pixels:
    """The whole page: WIDTH columns.  source: where the numbers come from"""
    colour = BLAME if heading.alarming else CALM
    head = [
        line(heading.title, TITLE, STRONG),
        paragraph(heading.about, INNER, SMALL, colour=GREY),
        paragraph(heading.caption, INNER, BODY + 1, STRONG, colour),
    ]
    foot = section("Where the numbers come from", paragraph(source, INNER), "")
    inside = below([below(head, gap=6), *sections, foot], gap=16, width=INNER)
    return np.pad(inside, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), constant_values=PAPER[0])
