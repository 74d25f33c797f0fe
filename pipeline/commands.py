"""`road-clarity weights`: which weights there are, and whether they are what their cards say."""

from __future__ import annotations

import json
from typing import Annotated

import typer

weights = typer.Typer(
    name="weights", help="The weights that ship, and their cards.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@weights.command("list")
def list_weights(as_json: AsJson = False) -> None:
    """Name, architecture and measured figures of all weights."""
    from road_clarity.pipeline.weights import names, read_card

    cards = [read_card(name) for name in names()]
    if as_json:
        about = [
            {"name": c.name, "architecture": c.architecture, "metrics": c.metrics} for c in cards
        ]
        print(json.dumps(about, indent=2))
        return
    for card in cards:
        print(f"{card.name}  {card.architecture}  sha256 {card.sha256[:12]}")
        print("\n".join(f"    {name} {value:g}" for name, value in card.metrics.items()))


@weights.command()
def verify(name: Annotated[str | None, typer.Argument(help="one; else all")] = None) -> None:
    """Check files against the hashes in their cards, and that they fit their networks."""
    from road_clarity.pipeline.weights import load, names

    for one in [name] if name else names():
        _, card = load(one)
        print(f"{one}: sha256 {card.sha256} as its card says")
