"""The weights that ship: read, checked against their card, put into their network."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load as read_safetensors
from torch import nn

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.registry import build

WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "weights"


def names(folder: Path = WEIGHTS) -> list[str]:
    """All weights that have a card."""
    return sorted(path.stem for path in folder.glob("*.md"))


def read_card(name: str, folder: Path = WEIGHTS) -> Card:
    """The card of `name`.  Raises BadInput when there is none."""
    path = folder / f"{name}.md"
    if not path.is_file():
        raise BadInput("weights", name, f"no such card; there are {', '.join(names(folder))}")
    return Card.parse(path.read_text(), str(path))


def read_state(name: str, folder: Path = WEIGHTS) -> tuple[dict[str, torch.Tensor], Card]:
    """State dict (floats as float32) and card.  Raises BadInput when missing or changed."""
    card = read_card(name, folder)
    path = folder / f"{name}.safetensors"
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise BadInput(
            "weights file", path, f"its sha256 is {found[:12]}, its card says {card.sha256[:12]}; "
            "restore it with `git checkout` or publish it again",
        )  # fmt: skip
    state = read_safetensors(content)
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}, card


def load(name: str, device: str = "cpu", folder: Path = WEIGHTS) -> tuple[nn.Module, Card]:
    """The network in eval mode with its weights, and the card.  Raises BadInput."""
    state, card = read_state(name, folder)
    network = build(card.architecture)
    network.load_state_dict(state)
    return network.eval().to(device), card
