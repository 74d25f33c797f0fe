"""Importing a published checkpoint: checked first, then kept under the name of its network.

What is kept has the names of our network and the numbers of the checkpoint in their own precision,
beside a card with the hashes of what came and of what is kept.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.published import family_of, translate
from road_clarity.pipeline.checkpoint_file import read_checkpoint, sha256_of
from road_clarity.pipeline.weights import imported, read_card


def import_checkpoint(
    file: Path, name: str, base: Path | None = None, force: bool = False
) -> tuple[Card, Path]:
    """The card of the kept weights and where they lie.  Raises BadInput; then nothing has changed.

    name: of the network; base: DINOv2's file for a LoRAT that holds only what was trained;
    force: replace other weights of that name
    """
    family_of(name)  # a wrong name is said before a large file is read
    given = read_checkpoint(file)
    below = read_checkpoint(base) if base is not None else None
    state, layout = translate(name, given, below)
    origin = {"file": str(file), "sha256": sha256_of(file), "layout": layout}
    if base is not None:
        origin |= {"base": str(base), "base_sha256": sha256_of(base)}
    return keep(card_of(name, origin), state, imported(), force)


def card_of(name: str, origin: dict[str, str]) -> Card:
    """Without the hash of what is kept."""
    family = family_of(name)
    base = f" --base {origin['base']}" if "base" in origin else ""
    return Card(
        name=name,
        architecture=name,
        data=dict(family.data),
        command=f"road-clarity weights import {origin['file']} --as {name}{base}",
        seed=None,
        cost="",
        metrics={},
        metrics_command="",
        origin=origin,
        notes=f"# {name}\n\nImported, not trained here; not measured here.\n\n"
        f"**Licence.** Published as {family.licence}.  Weights that you trained yourself have the "
        "licence you give them.",
    )


def keep(card: Card, state: dict[str, Tensor], folder: Path, force: bool) -> tuple[Card, Path]:
    """Write weights and card aside, then put both in place."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, text = folder / f"{card.name}.safetensors", folder / f"{card.name}.md"
    new_weights, new_text = weights.with_suffix(".safetensors.new"), text.with_suffix(".md.new")
    try:
        copies = {k: v.clone(memory_format=torch.contiguous_format) for k, v in state.items()}
        save_file(copies, new_weights)  # takes none that share their memory
        card = card.with_sha256(sha256_of(new_weights))
        if text.is_file() and not force:
            require_same(card, read_card(card.name, folder))
        new_text.write_text(card.render())
        new_weights.chmod(new_text.stat().st_mode)  # safetensors writes for the owner alone
        new_weights.replace(weights)
        new_text.replace(text)
    finally:
        new_weights.unlink(missing_ok=True)
        new_text.unlink(missing_ok=True)
    return card, folder


def require_same(new: Card, old: Card) -> None:
    """Raises BadInput when other weights would be lost."""
    if new.sha256 != old.sha256:
        was = old.origin.get("file", "elsewhere")
        remedy = f"other weights of that name were imported from {was}; --force replaces them"
        raise BadInput("weights", new.name, remedy)
