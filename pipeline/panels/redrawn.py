"""The sheet "why was this frame redrawn badly?": what was lost, in which layer, by which maps.

S side of what the network sees [px], D latents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.pipeline.overlay import INK
from road_clarity.pipeline.panels.charts import Bar, bars
from road_clarity.pipeline.panels.paper import (
    BLAME,
    GAP,
    INNER,
    SMALL,
    STRONG,
    Heading,
    Pixels,
    below,
    beside,
    captioned,
    paragraph,
    section,
    sheet,
)
from road_clarity.pipeline.panels.tiles import (
    enlarged,
    fitted,
    heat_tile,
    number,
    outlined,
    scale_bar,
)
from road_clarity.pipeline.panels.words import ORDINARY, why_redrawn_badly
from road_clarity.safety.explanation import Explanation, RegionExplanation
from road_clarity.safety.latent_grid import Link
from road_clarity.safety.passage import LATENT
from road_clarity.safety.rg_budget import FrameBudget

PICTURE = 204  # height of the pictures of the first row [px]
MAP = 140  # of a feature map
CELL = 104  # of a picture of the latent grid
MOST_MAPS = 4
MOST_APART = 5.0  # deviations from which on all bars are as long
ERROR_TOP = 0.995  # share of the pixels whose error the colours tell apart
SOURCE = (
    "Error: squared difference of colours 0..1, mean over the three colours. Layers: how many "
    "standard deviations of its surroundings the object stands out by, in the channel where it "
    "does most (safety/object_view.py). Cause and blamed maps: safety/explanation.py and "
    "safety/blame.py; the shares of all maps of a layer add up to 1. Latents: each is moved while "
    "all others stay (safety/latent_grid.py). The network sees the frame squeezed to a square of "
    "{side} x {side} pixels; nothing here says what a finer network would see."
)
BUDGET_SOURCE = (
    " Budget: the network's scales are orthogonal, so the squared error of every pixel is exactly "
    "the sum of the parts shown (safety/rg_budget.py)."
)


@dataclass(frozen=True, eq=False)
class RedrawnAccount:
    """Everything the sheet shows."""

    about: str  # recording, frame, time, network
    image: Pixels  # the camera's frame
    seen: Tensor  # (3, S, S) in [0, 1]: what the network sees of it
    labels: tuple[str, ...]  # of the regions
    found: Explanation
    subject: int  # the region that the caption speaks of
    p_value: float  # of calm frames, how many are redrawn as badly, 0..1; nan: not known
    latents: tuple[Link, ...]  # those that draw the subject, strongest first
    grid: Tensor  # (len(latents), steps, 3, S, S): each of them moved
    steps: tuple[float, ...]  # by how many deviations
    effect: Tensor  # (len(latents), S, S): what a latent changes
    budget: FrameBudget | None = None

    @property
    def region(self) -> RegionExplanation:
        return self.found.regions[self.subject]

    @property
    def caption(self) -> str:
        return why_redrawn_badly(self.labels[self.subject], self.region, self.p_value)

    @property
    def size(self) -> tuple[int, int]:
        """Of the camera's frame: (width, height) [px]"""
        return self.image.shape[1], self.image.shape[0]


def redrawn_sheet(account: RedrawnAccount) -> Pixels:
    """(H, 1000, 3)"""
    panels = [pictures(account), cause(account)]
    if account.budget is not None:
        panels.append(budget(account, account.budget))
    panels.append(latents(account))
    source = SOURCE.format(side=account.seen.shape[-1])
    source += BUDGET_SOURCE if account.budget is not None else ""
    alarming = not account.p_value >= ORDINARY or account.found.fault is not None
    title = "Why was this frame redrawn badly?" if alarming else "How was this frame redrawn?"
    return sheet(Heading(title, account.about, account.caption, alarming), panels, source)


def picture(x: Tensor) -> Pixels:
    """(3, S, S), what lies outside [0, 1] cut off -> (S, S, 3)"""
    levels = (x.clamp(0, 1) * 255).round().byte()
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())


def floats(x: Tensor) -> NDArray[np.float32]:
    return np.asarray(x.detach().cpu().numpy(), np.float32)


def error_top(error: Tensor) -> float:
    """The error that is drawn brightest."""
    return float(error.flatten().float().quantile(ERROR_TOP))


def pictures(account: RedrawnAccount) -> Pixels:
    """Frame, what the network sees, what it draws, and the difference."""
    top = error_top(account.found.error_map)
    mean = float(account.found.error_map.mean())
    room = INNER - 3 * (PICTURE + GAP)
    frame = fitted(account.image, room, PICTURE)
    seen = enlarged(picture(account.seen), PICTURE)
    error = heat_tile(floats(account.found.error_map), top, PICTURE)
    marked = [outlined_all(one, account) for one in (frame, seen)]
    parts = [
        captioned(marked[0], "The camera's frame", "red: what the caption speaks of"),
        captioned(marked[1], "What the network sees", f"{account.seen.shape[-1]} px a side"),
        captioned(enlarged(picture(account.found.reconstruction), PICTURE), "What it redraws",
                  "from its latent alone"),
        captioned(below([error, scale_bar(PICTURE, top, "squared error")], gap=4), "Error"),
    ]  # fmt: skip
    return section("The frame", beside(parts), f"Mean squared error {number(mean)}.")


def outlined_all(part: Pixels, account: RedrawnAccount) -> Pixels:
    """All regions thin and dark, the subject in red."""
    for place, region in enumerate(account.found.regions):
        if place != account.subject:
            part = outlined(part, region.box, account.size, (240, 240, 240))
    return outlined(part, account.region.box, account.size)


def cause(account: RedrawnAccount) -> Pixels:
    """Where it is lost, and the maps to blame."""
    region = account.region
    views = [(view.name, view.separability) for view in region.layers]
    latent = sum(not name.startswith("decoder") for name, _ in views)
    views.insert(latent, (LATENT, region.latent_change))
    rows = [Bar(name, value, name == region.layer) for name, value in views]
    chart = bars(rows, 330, "deviations; below the line it is lost", mark=1.0, most=MOST_APART)
    text = (
        "Left: by how much it stands out from its surroundings in each layer, from the image to "
        "the redrawn picture; of the latent, by how much it moves when the object is painted over. "
        f"Right: maps of {region.maps_of} by share of the blame, each from its "
        "lowest (dark) to its highest activation (bright)."
    )
    name = f"Cause: {region.verdict}"
    return section(name, beside([chart, maps(account)], gap=2 * GAP), text)


def maps(account: RedrawnAccount) -> Pixels:
    """The first few maps to blame, and what all others have together."""
    region = account.region
    features = account.found.features[region.maps_of]
    shown = region.maps[:MOST_MAPS]
    tiles = [map_tile(floats(features[one.channel]), one.channel, one.share) for one in shown]
    rest = sum(one.share for one in region.maps[MOST_MAPS:])
    others = len(region.maps) - len(shown)
    text = f"{others} other maps have {rest:.0%} together." if others else "These are all."
    row = beside(tiles, gap=8)
    return below([row, paragraph(text, row.shape[1], SMALL)], gap=6)


def map_tile(values: NDArray[np.float32], channel: int, share: float) -> Pixels:
    low, high = float(values.min()), float(values.max())
    tile = heat_tile(values - low, high - low, MAP)
    text = "silent: 0 everywhere" if high == low == 0 else f"{number(low)} .. {number(high)}"
    return captioned(tile, f"map {channel}: {share:.0%}", text)


def budget(account: RedrawnAccount, parts: FrameBudget) -> Pixels:
    """Exact: what each step lost, of the frame and of the object, and where."""
    total = float(parts.maps.sum())
    own = account.region.budget
    top = error_top(parts.maps.clamp_min(0).sum(0))
    side = (INNER + GAP) // len(parts.steps) - GAP
    tiles = []
    for place, step in enumerate(parts.steps):
        share = float(parts.maps[place].sum()) / total
        ours = "" if own is None else f"; of the object {float(own.shares[place]):.0%}"
        blamed = own is not None and place == own.largest
        tile = heat_tile(floats(parts.maps[place].clamp_min(0)), top, side)
        tiles.append(
            captioned(tile, f"{step}: {share:.0%}", f"of the frame{ours}", BLAME if blamed else INK)
        )
    bar = scale_bar(300, top, "squared error of all colours")
    text = (
        "What every step of the coarse graining lost, finest first, in the pixels where it is "
        "missing. The parts add up to the squared error of the frame, without remainder; a part "
        "can be negative at a pixel (black), its sums cannot."
    )
    return section("Exact error budget", below([beside(tiles), bar], gap=6), text)


def latents(account: RedrawnAccount) -> Pixels:
    """The latent grid: what each number of the latent draws."""
    rows = [latent_row(account, place) for place in range(len(account.latents))]
    text = (
        "The latents that draw most of this place, each moved by so many standard deviations "
        "while the others stay; last, where the picture changes, and how much of that change "
        "lies here."
    )
    return section("Latent grid", below([steps_row(account.steps), *rows], gap=4), text)


NAME = 96  # width of the names at the left of the grid [px]


def steps_row(steps: Sequence[float]) -> Pixels:
    words = ["", *(f"{step:+g}" if step else "as it is" for step in steps), "changes"]
    widths = [NAME, *[CELL] * (len(steps) + 1)]
    parts = zip(words, widths, strict=True)
    return beside([paragraph(word, width, SMALL) for word, width in parts], gap=4)


def latent_row(account: RedrawnAccount, place: int) -> Pixels:
    link, effect = account.latents[place], floats(account.effect[place])
    name = below(
        [
            paragraph(f"latent {link.latent}", NAME, SMALL, STRONG),
            paragraph(f"{link.share:.0%} of its change lies here", NAME, SMALL),
        ],
        gap=2,
    )
    cells = [enlarged(picture(one), CELL) for one in account.grid[place]]
    return beside([name, *cells, heat_tile(effect, float(effect.max()), CELL)], gap=4)
