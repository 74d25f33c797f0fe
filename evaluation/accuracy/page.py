"""docs/accuracy.md, made from the figures file alone."""

from __future__ import annotations

import math

from road_clarity.evaluation.accuracy.figures import Figure, Part
from road_clarity.evaluation.accuracy.targets import CHAPTERS, TARGETS, Chapter, Target

Parts = dict[str, Part]
FOLDER = "accuracy"  # of the pictures, beside the page
PLACES = ("best", "typical", "worst")
INTRODUCTION = """\
# Accuracy: what was asked, what is reached, what is missed
Made by `make accuracy` from the weights that ship and the data in `ROAD_CLARITY_DATA`; change
nothing here by hand. The figures are in [accuracy.json](accuracy.json); all of it took {minutes}
minutes of one busy core:

```
make accuracy                           # all of it
make accuracy PART="people tracking"    # some again, such as after new weights
```

Every figure is measured on frames that the network did not learn from, by the functions behind
`road-clarity evaluate`; where held-out frames chose a state or a setting, the page says so. The
networks run in torch, in the precision that ships; exports answer alike ([export.md](export.md)).

**Intervals** are of 95 %, by percentile bootstrap: 1000 times as many units as there are (images,
seconds, sequences, clips or streets, named in each chapter) are drawn with replacement, seed 0, and
the figure is made again from their sums. They say how far chance among units like these may move a
figure; they say nothing about other cameras, countries or weather.

**Pictures** are of simulated streets of seeds that no recipe learns from (20300 to 20302 in every
story), after 3 s of each: the best, the one in the middle and the worst by the score below it.
Frames of the data may not be copied into the repository; `make accuracy` puts the best, typical and
worst real ones of lanes, segmentation and people into `out/accuracy/`.
"""
AFTERWARDS = """\
## Not on this page
- **Risk**: `road-clarity evaluate risk`, figures in [evaluation.md](evaluation.md#risk).
- **Unknown scenes**: `road-clarity evaluate anomaly`, figures in [anomaly.md](anomaly.md).
- **Explanations**: `road-clarity evaluate world`, figures in [evaluation.md](evaluation.md).
- **int8** was not measured. The networks run in bf16 where the CPU multiplies it, also here; what
  float32 would add stands in the rows `..._fp32_gain`, from the same frames.
"""
PICTURES = "**Examples**, of {count} simulated streets."


def page(parts: Parts) -> str:
    minutes = sum(part.seconds for part in parts.values()) / 60
    blocks = [INTRODUCTION.format(minutes=round(minutes)), targets_table(parts)]
    blocks += [chapter(one, parts[one.part]) for one in CHAPTERS]
    return "\n".join([*blocks, AFTERWARDS])


def targets_table(parts: Parts) -> str:
    rows = ["## Targets", "| what | measured | reach | aim | figure (95 %) | so |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    notes: list[str] = []
    for target in TARGETS:
        found = parts[target.part].figures[target.key]
        mark = ""
        if target.beside:
            notes.append(f"{len(notes) + 1}. {target.what}: {target.beside}.")
            mark = f" ({len(notes)})"
        rows.append(
            f"| {target.what}{mark} | {target.measure} | {bound(target, target.reach)} | "
            f"{bound(target, target.aim)} | {told(found, target.digits)} | "
            f"{verdict(target, found)} |"
        )
    return "\n".join([*rows, "", *notes, ""])


def bound(target: Target, value: float) -> str:
    return f"{'≤' if target.less_is_better else '≥'} {value:g}"


def verdict(target: Target, figure: Figure) -> str:
    """What is reached, by how much the rest is missed, and whether chance may have done it."""
    if not target.comparable:
        return "no verdict"
    reach, aim = (missed_by(target, figure.value, goal) for goal in (target.reach, target.aim))
    by = f"{aim:.{target.digits}f}"
    if reach == 0:
        aimed = "aim reached" if aim == 0 else f"reached; aim missed by {by}"
        bad_end = figure.high if target.less_is_better else figure.low
        chance = bad_end is not None and missed_by(target, bad_end, target.reach) > 0
        return f"{aimed}; a miss is within chance" if chance else aimed
    if target.reach == target.aim:
        return f"**missed** by {by}"
    return f"**missed** by {reach:.{target.digits}f}, aim by {by}"


def missed_by(target: Target, value: float, goal: float) -> float:
    """0: met.  As printed, a figure is rounded before it is compared."""
    shown = round(value, target.digits)
    over = shown - goal if target.less_is_better else goal - shown
    return max(round(over, target.digits), 0.0)


def told(figure: Figure, digits: int = 3) -> str:
    """The number, with its interval where there is one."""
    if figure.low is None or figure.high is None:
        return number(figure.value, digits)
    return f"{number(figure.value, digits)} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def number(value: float, digits: int) -> str:
    return "none" if math.isnan(value) else f"{value:.{digits}f}"


def chapter(one: Chapter, part: Part) -> str:
    facts = [
        ("Held out", one.held_out),
        ("Drawn anew", f"{one.resampled} Units: {part.units}."),
        ("Tried", one.tried),
        ("Known failures", one.failures),
        ("By itself", f"`{one.command}`"),
    ]
    table = ["| figure | value (95 %) |", "|---|---|"]
    table += [f"| `{key}` | {told(value)} |" for key, value in part.figures.items()]
    text = [f"- **{name}**: {words}" for name, words in facts]
    names = ", ".join(f"`{name}` {sha[:12]}" for name, sha in part.weights.items())
    heading = [f"## {one.title}", "", *table, "", f"Weights: {names}.", "", *text, ""]
    return "\n".join([*heading, *pictures(one, part.examples)])


def pictures(one: Chapter, captions: dict[str, str]) -> list[str]:
    if not captions:
        return []
    shown = " | ".join(f"![{place}]({FOLDER}/{one.part}_{place}.jpg)" for place in PLACES)
    words = " | ".join(f"{place}: {captions[place]}" for place in PLACES)
    return [
        f"{PICTURES.format(count=captions['count'])} {one.legend}", "",
        f"| {' | '.join(PLACES)} |", "|---|---|---|", f"| {shown} |", f"| {words} |", "",
    ]  # fmt: skip
