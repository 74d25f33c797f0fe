"""The sheet "why was this frame predicted badly?": what the memory expected, from what, and how.

T steps of STEP_S, the last of which is the frame asked about; S side of the pictures [px].
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from road_clarity.models.latent_lstm import STEP_S
from road_clarity.pipeline.panels.charts import BLUE, GREEN, ORANGE, Bar, Curve, bars, path, plot
from road_clarity.pipeline.panels.charts import columns as share_columns
from road_clarity.pipeline.panels.paper import (
    GAP,
    INNER,
    STRONG,
    TITLE,
    Heading,
    Pixels,
    below,
    beside,
    captioned,
    line,
    paragraph,
    section,
    sheet,
)
from road_clarity.pipeline.panels.redrawn import error_top, floats, picture
from road_clarity.pipeline.panels.tiles import (
    enlarged,
    heat_over,
    heat_tile,
    number,
    scale_bar,
)
from road_clarity.pipeline.panels.words import well_foreseen, why_predicted_badly
from road_clarity.safety.foresight import Foresight
from road_clarity.safety.prediction_dynamics import Dynamics, Trajectory, memory_s
from road_clarity.safety.prediction_relevance import PredictionRelevance

PICTURE = 184  # height of the pictures of the first row [px]
SHOWN = 10  # past frames with their relevance, besides the oldest
PAST = 79  # height of a past frame [px]
TIGHT = 7  # between them
COLUMN = 64  # height of the columns above them
BRIGHT = 0.998  # share of the pixels whose relevance the colours tell apart
GATES = 150  # height of the picture of a gate
GATE_WIDTH = 96  # at most; every step has the same number of columns
MOST_UNITS = 6
CHART = 210  # height of a chart
SOURCE = (
    "Expected picture: the memory saw everything up to the stated time and dreamt on by itself "
    "(safety/horizon.py). Relevance: what the memory expected of the frame is handed back, "
    "layer by layer, to the latents of the frames before, and from there to their pixels "
    "(safety/prediction_relevance.py); a share is a step's part of the relevance of all steps. "
    "Gates 0..1 and length of memory 1 / (1 - mean forget gate): safety/prediction_dynamics.py. "
    "Surprise: squared distance of the latent from the one expected a step before, in its calm "
    "spread; about {latents} is calm (safety/anomaly.py). Relevance says what the answer was "
    "computed from, not what would have been right."
)


@dataclass(frozen=True, eq=False)
class PredictedAccount:
    """Everything the sheet shows."""

    about: str  # recording, frame, time, networks
    frames: Tensor  # (T, 3, S, S) in [0, 1]
    redrawn: Tensor  # (3, S, S) the last of them
    foresight: Foresight
    ahead: int  # steps before the frame at which the guess was made that is shown
    relevance: PredictionRelevance  # of the steps before the last
    dynamics: Dynamics  # over all T steps
    trajectory: Trajectory
    ablation: Tensor  # (H,) growth of the one-step error without each unit, 1 is twice as large
    surprise: NDArray[np.float64]  # (T,), nan at the first step
    latents: int
    ordinary: str  # how rare this surprise is among calm steps, in words; '' when unknown

    @property
    def caption(self) -> str:
        shares = doubles(self.relevance.shares)
        return why_predicted_badly(self.foresight, self.ahead, shares, self.surprise)


def predicted_sheet(account: PredictedAccount) -> Pixels:
    """(H, 1000, 3)"""
    panels = [expected(account), past(account), memory(account), curves(account)]
    source = SOURCE.format(latents=account.latents)
    alarming = not well_foreseen(account.foresight, account.ahead)
    title = "Why was this frame predicted badly?" if alarming else "How was this frame predicted?"
    return sheet(Heading(title, account.about, account.caption, alarming), panels, source)


def doubles(x: Tensor) -> NDArray[np.float64]:
    return np.asarray(x.detach().cpu().numpy(), np.float64)


def expected(account: PredictedAccount) -> Pixels:
    """What was dreamt, what came, and the difference."""
    ahead_s = account.ahead * STEP_S
    now, dreamt = account.frames[-1], account.foresight.pictures[account.ahead - 1]
    error = (now - dreamt).square().mean(0)
    top = error_top(error)
    heat = [heat_tile(floats(error), top, PICTURE), scale_bar(PICTURE, top, "squared error")]
    before, best = account.frames[-1 - account.ahead], number(account.foresight.redrawn)
    parts = [
        tile(before, f"{ahead_s:.1f} s before", "the last that the dream has seen"),
        tile(dreamt, "What was expected", f"mean squared error {number(float(error.mean()))}"),
        tile(now, "What came", "the frame itself"),
        tile(account.redrawn, "At best", f"redrawn from its own latent: error {best}"),
        captioned(below(heat, gap=4), "Error of the expectation"),
    ]
    text = f"The frame as the network dreamt it {ahead_s:.1f} s before. {account.ordinary}"
    return section("What was expected, and what came", beside(parts), text)


def tile(x: Tensor, name: str, text: str) -> Pixels:
    return captioned(enlarged(picture(x), PICTURE), name, text)


def past(account: PredictedAccount) -> Pixels:
    """The frames before, with their relevance in the pixels and by step: the oldest, the last."""
    shares, steps = doubles(account.relevance.shares), len(account.relevance.maps)
    maps = np.stack([cv2.blur(one, (3, 3)) for one in np.abs(floats(account.relevance.maps))])
    shown = range(max(1, steps - SHOWN), steps)
    scene = past_tile(account, maps, 0, float(np.quantile(maps[0], BRIGHT)))
    top = float(np.quantile(maps[shown.start :], BRIGHT))
    changes = beside([past_tile(account, maps, step, top) for step in shown], gap=TIGHT)
    right = [share_columns(shares[shown.start :], PAST, TIGHT, COLUMN), changes,
             scale_bar(300, top, "relevance of a pixel")]  # fmt: skip
    left = [line(f"{shares[0]:.0%}", TITLE, STRONG), paragraph("the scene as it was", PAST), scene]
    between = 1 - shares[0] - shares[shown.start :].sum()
    text = (
        "What the memory expected of this frame, traced back. Left: how much of it rests on the "
        "oldest frame looked at. Right: on what changed in each later step, the viewer's own "
        "motion taken out; steps not shown have "
        f"{between:.0%}. Bright: the pixels it was read from (mean of 3 x 3)."
    )
    both = beside([below(left, gap=5), below(right, gap=6)], gap=3 * TIGHT)
    return section("Relevance over time", both, text)


def past_tile(
    account: PredictedAccount, maps: NDArray[np.float32], step: int, top: float
) -> Pixels:
    """One frame before, with what of it counted."""
    frame = account.frames[step - len(maps) - 1]
    name = f"-{(len(maps) - step) * STEP_S:.1f} s"
    return captioned(heat_over(picture(frame), maps[step], top, PAST), name)


def memory(account: PredictedAccount) -> Pixels:
    """Gates of all units over time, how long units remember, and the path of the state."""
    inside = account.dynamics
    remembered_s = memory_s(inside.keep)
    order = remembered_s.argsort()
    gates = {"input gate": inside.enter, "forget gate": inside.keep, "output gate": inside.show}
    tiles = [gate(name, floats(values[:, order])) for name, values in gates.items()]
    lengths = captioned(histogram(doubles(remembered_s)),
                        "Length of memory", "units by how long they remember")  # fmt: skip
    explained = float(account.trajectory.explained.sum())
    way = path(doubles(account.trajectory.points), GATES)
    state = captioned(
        way, "Path of the state", f"two directions with {explained:.0%} of it; red: now"
    )
    text = (
        "Gates of all units (rows, those that remember longest at the bottom) over the last "
        f"{len(inside.enter) * STEP_S:.1f} s (columns): dark is shut, bright is open."
    )
    return section("Inside the memory", beside([*tiles, lengths, units(account), state]), text)


def units(account: PredictedAccount) -> Pixels:
    """Those without which the next step is foreseen worst."""
    best = account.ablation.topk(MOST_UNITS)
    rows = zip(best.indices.tolist(), (100 * best.values).tolist(), strict=True)
    chart = bars([Bar(f"unit {unit}", growth) for unit, growth in rows], 200, "% more error")
    return captioned(chart, "Units that matter", "one-step error when silenced")


def gate(name: str, values: NDArray[np.float32]) -> Pixels:
    """(T, H) 0..1 -> units by steps"""
    wide = max(1, GATE_WIDTH // len(values)) * len(values)
    small = heat_tile(values.T, 1.0, GATES)
    drawn = stretched(small, wide)
    shut, open_ = float((values < 0.1).mean()), float((values > 0.9).mean())
    return captioned(
        below([drawn, scale_bar(wide, 1.0, "how open")], gap=4),
        name,
        f"shut {shut:.0%}, open {open_:.0%}",
    )


def stretched(small: Pixels, width: int) -> Pixels:
    """Every column as wide as needed."""
    return small[:, np.arange(width) * small.shape[1] // width]


def histogram(memory_s: NDArray[np.float64]) -> Pixels:
    """Share of the units by length of memory."""
    edges = [0.0, 0.2, 0.5, 1.0, 2.0, 5.0, np.inf]
    names = ["< 0.2 s", "0.2 to 0.5", "0.5 to 1", "1 to 2", "2 to 5", "> 5 s"]
    shares = np.histogram(memory_s, edges)[0] / len(memory_s)
    return bars(
        [Bar(n, float(100 * s)) for n, s in zip(names, shares, strict=True)], 200, "% of units"
    )


def curves(account: PredictedAccount) -> Pixels:
    """How early the frame could be seen coming, and where the surprise was."""
    seen = account.foresight
    before_s = STEP_S * np.arange(1.0, len(seen.dreamt) + 1)
    floor = np.full(len(before_s), seen.redrawn)
    lines = [
        Curve("dreamt by the network", before_s, doubles(seen.dreamt), BLUE),
        Curve("the frame of then, shown again", before_s, doubles(seen.copied), ORANGE),
        Curve("latents that go on as they moved", before_s, doubles(seen.steady), GREEN),
        Curve("redrawn from its own latent", before_s, floor, (150, 154, 160)),
    ]
    width = (INNER - 2 * GAP) // 2
    top = 1.25 * float(torch.cat([seen.dreamt, seen.copied]).max())
    left = plot(lines, width, CHART, "seconds before the frame", "mean squared error", top)
    since = STEP_S * (np.arange(len(account.surprise)) - len(account.surprise) + 1)
    came = [Curve("surprise of each step", since, account.surprise, BLUE)]
    highest = 1.1 * float(np.nanmax(account.surprise))
    right = plot(
        came, width, CHART, "seconds, 0 is the frame", f"calm: about {account.latents}", highest
    )
    text = (
        "Left: the error of this frame's picture as guessed ever earlier, against two guesses that "
        "need no memory. Right: how far each step was from what was expected one step before."
    )
    return section("Predictability", beside([left, right], gap=2 * GAP), text)
