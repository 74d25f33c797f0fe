"""Put trained weights, safetensors beside their model card, where they are asked for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save

from road_clarity.models.cards import Card

WEIGHTS = Path("out/weights")  # not models/weights: a short trial shall not replace what ships


def publish(
    card: Card,
    state: dict[str, torch.Tensor],
    folder: Path = WEIGHTS,
    stored: torch.dtype = torch.float16,
) -> Path:
    """Write folder/<card.name>.{safetensors,md}; floats as `stored` says.  Returns the path."""
    kept = {
        key: (value.to(stored) if value.is_floating_point() else value).cpu().contiguous()
        for key, value in state.items()
    }
    content = save(kept)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{card.name}.safetensors"
    text = card.with_sha256(hashlib.sha256(content).hexdigest()).render().encode()
    staged = [(weights.with_suffix(end + ".new"), weights.with_suffix(end), data)
              for end, data in ((".safetensors", content), (".md", text))]  # fmt: skip
    for new, _, data in staged:
        new.write_bytes(data)
    for new, final, _ in staged:
        new.replace(final)
    return weights


def publish_calm(
    card: Card, stored: dict[str, torch.Tensor], frames: str, command: str, folder: Path
) -> Path:
    """Write folder/<card.name>.calm.safetensors, and into the card what it is.  Returns the path.

    stored: of safety.calm_layers, in full precision      frames: from which they were learnt
    """
    content = save({key: values.cpu().contiguous() for key, values in stored.items()})
    path = folder / f"{card.name}.calm.safetensors"
    about = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "weights_sha256": card.sha256,
        "frames": frames,
        "command": command,
    }
    text = replace(card, calm_layers=about).render()
    for final, data in ((path, content), (folder / f"{card.name}.md", text.encode())):
        new = final.with_suffix(final.suffix + ".new")
        new.write_bytes(data)
        new.replace(final)
    return path
