"""Weights by name: those that ship, and published ones that were imported on this machine.

They are read, checked against their card, and put into their network.  No name is in both folders:
what can be imported has the name of a published network, and none of those ships.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from safetensors.torch import load as read_safetensors
from torch import nn

from road_clarity.models import load_published
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.lora import merge
from road_clarity.models.registry import build
from road_clarity.models.state_dict_fit import misfit

WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "weights"


def imported() -> Path:
    """The folder of imported weights: ROAD_CLARITY_WEIGHTS, else in the user's data home."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    chosen = os.environ.get("ROAD_CLARITY_WEIGHTS") or Path(home) / "road_clarity" / "weights"
    return Path(chosen).expanduser()


def folders(only: Path | None) -> tuple[Path, ...]:
    return (WEIGHTS, imported()) if only is None else (only,)


def names(folder: Path | None = None) -> list[str]:
    """All weights that have a card; without a folder, those of both."""
    return sorted(path.stem for one in folders(folder) for path in one.glob("*.md"))


def place(name: str, folder: Path | None = None) -> Path:
    """The folder in which `name` has its card.  Raises BadInput when none has."""
    for one in folders(folder):
        if (one / f"{name}.md").is_file():
            return one
    raise BadInput("weights", name, f"no such card; there are {', '.join(names(folder))}; "
                   "published ones come with `road-clarity weights import`")  # fmt: skip


def read_card(name: str, folder: Path | None = None) -> Card:
    """The card of `name`.  Raises BadInput when there is none."""
    path = place(name, folder) / f"{name}.md"
    return Card.parse(path.read_text(), str(path))


def read_state(name: str, folder: Path | None = None) -> tuple[dict[str, torch.Tensor], Card]:
    """State dict (floats as float32) and card.  Raises BadInput when missing or changed."""
    card = read_card(name, folder)
    path = place(name, folder) / f"{name}.safetensors"
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        again = "import it" if card.origin else "restore it with `git checkout` or publish it"
        raise BadInput(
            "weights file", path, f"its sha256 is {found[:12]}, its card says {card.sha256[:12]}; "
            f"{again} again",
        )  # fmt: skip
    state = read_safetensors(content)
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}, card


def load(name: str, device: str = "cpu", folder: Path | None = None) -> tuple[nn.Module, Card]:
    """The network in eval mode with its weights, and the card.  Raises BadInput."""
    state, card = read_state(name, folder)
    if card.origin:  # as many classes and as large an image as the checkpoint asks for
        return load_published(card.architecture, state).to(device), card
    network = build(card.architecture)
    wrong = misfit(merge(state), network.state_dict())  # adaptations are merged while loading
    if wrong:
        raise BadInput("weights", name, f"are no {card.architecture}: {wrong.said()}")
    network.load_state_dict(state)
    return network.eval().to(device), card
