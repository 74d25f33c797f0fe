"""The measured figures, their intervals and what they miss, put into the cards of the weights."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

from road_clarity.evaluation.accuracy.figures import Part
from road_clarity.evaluation.accuracy.page import told, verdict
from road_clarity.evaluation.accuracy.targets import CHAPTERS, TARGETS
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.safety.scene import CLASSES

COMMAND = "make accuracy"
HEADING = "## Against the targets"  # what follows it in the notes is made here
JUDGED = {  # the card that answers for the targets of a part
    "lanes": "scnn_edge", "segmentation": "ffnet_edge", "people": "fastest_det_edge",
    "tracking": "lorat_edge", "world": "lstm_edge",
}  # fmt: skip
KIND_OF = {"lstm_edge": "vae", "lstm_rg_edge": "rg", "lstm_pca_edge": "pca"}
# weights -> part, and metric of the card -> figure of the part
ON_CARD: dict[str, tuple[str, dict[str, str]]] = {
    "scnn_edge": (
        "lanes", {f"tusimple_{key}": key for key in ("accuracy", "fp", "fn")},
    ),
    "ffnet_edge": (
        "segmentation",
        {f"camvid_val_{key}": key
         for key in ("miou", "pixel_accuracy", *(f"iou_{name}" for name in CLASSES))},
    ),
    "fastest_det_edge": (
        "people", {f"pets_tracks_{key}": key for key in ("recall", "false_per_frame")},
    ),
    "lorat_edge": (
        "tracking",
        {"unseen_success_auc": "success_auc",
         "unseen_success_auc_to_csrt": "success_auc_to_csrt"},
    ),
    **{
        name: (
            "world",
            {"car_clips_ratio_1s": f"{kind}_real_cars_ratio",
             "streets_ratio_1s": f"{kind}_simulated_ratio"},
        )
        for name, kind in KIND_OF.items()
    },
}  # fmt: skip


def with_figures(card: Card, part: Part) -> Card:
    """The card with what was measured of its weights.  Raises BadInput if they are others."""
    if part.weights.get(card.name) != card.sha256:
        raise BadInput("figures", card.name, "are of other weights; measure them again")
    name_of_part, keys = ON_CARD[card.name]
    found = {name: part.figures[key] for name, key in keys.items()}
    ends = {name: [four(f.low), four(f.high)] for name, f in found.items()
            if f.low is not None and f.high is not None}  # fmt: skip
    command = card.metrics_command
    return replace(
        card,
        metrics=card.metrics | {name: four(f.value) for name, f in found.items()},
        intervals=card.intervals | ends,
        metrics_command=command if COMMAND in command else f"{command}; intervals: {COMMAND}",
        notes=with_targets(card.notes, name_of_part, part)
        if JUDGED[name_of_part] == card.name
        else card.notes,
    )


def with_targets(notes: str, name: str, part: Part) -> str:
    """The notes, ending with what is reached, what is missed and what was tried."""
    tried = next(one.tried for one in CHAPTERS if one.part == name)
    lines = [
        f"- {one.what}: {one.measure} {told(part.figures[one.key], one.digits)}, asked "
        f"{one.reach:g}, hoped for {one.aim:g}: {verdict(one, part.figures[one.key])}"
        + (f" ({one.beside})." if one.beside else ".")
        for one in TARGETS
        if one.part == name
    ]
    lines += [f"Tried: {tried}"]
    lines += ["Best, typical and worst examples, and what the intervals mean: docs/accuracy.md."]
    wrapped = [textwrap.fill(one, 100, subsequent_indent="  " * (one[0] == "-")) for one in lines]
    own = notes.split(HEADING)[0].rstrip()
    return "\n".join([own, "", HEADING, *wrapped])


def four(value: float) -> float:
    """Four digits are more than any of them can bear."""
    return float(f"{value:.4g}")


def update_cards(parts: dict[str, Part], folder: Path) -> list[Path]:
    """Write the cards of all weights that were measured; which were written.  Raises BadInput."""
    written = []
    for name, (part, _) in ON_CARD.items():
        if part in parts:
            path = folder / f"{name}.md"
            card = Card.parse(path.read_text(), str(path))
            path.write_text(with_figures(card, parts[part]).render())
            written.append(path)
    return written
