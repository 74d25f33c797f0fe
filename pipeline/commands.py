"""`road-clarity weights`: which there are, whether they are as their cards say, and importing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

weights = typer.Typer(
    name="weights", help="The weights that ship or were imported.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@weights.command("list")
def list_weights(as_json: AsJson = False) -> None:
    """Name, architecture, place, origin and measured figures of all weights."""
    from road_clarity.pipeline.weights import names, place, read_card

    cards = [read_card(name) for name in names()]
    if as_json:
        about = [
            {"name": c.name, "architecture": c.architecture, "metrics": c.metrics,
             "intervals": c.intervals, "sha256": c.sha256, "place": str(place(c.name)),
             "origin": c.origin}
            for c in cards
        ]  # fmt: skip
        print(json.dumps(about, indent=2))
        return
    for card in cards:
        where = f"imported into {place(card.name)}" if card.origin else "ships"
        print(f"{card.name}  {card.architecture}  sha256 {card.sha256[:12]}  {where}")
        for name, value in card.metrics.items():
            print(f"    {name} {value:g}{interval_text(card.intervals.get(name))}")


def interval_text(interval: list[float] | None) -> str:
    """Of 95 %; nothing where none is known."""
    return "" if interval is None else " ({:g} to {:g})".format(*interval)


@weights.command()
def verify(name: Annotated[str | None, typer.Argument(help="one; else all")] = None) -> None:
    """Check files against the hashes in their cards, and that they fit their networks."""
    from road_clarity.pipeline.calm_weights import load_calm
    from road_clarity.pipeline.weights import load, names

    for one in [name] if name else names():
        _, card = load(one)
        print(f"{one}: sha256 {card.sha256} as its card says")
        if load_calm(one) is not None:
            print(f"{one}: calm layers {card.calm_layers['sha256']} as its card says")


@weights.command("import")
def import_weights(
    file: Annotated[Path, typer.Argument(help="published checkpoint: .pth, .bin, .safetensors")],
    name: Annotated[str, typer.Option("--as", help="scnn_vgg16, ffnet_78s_dbbb, lorat_b_224, ...")],
    base: Annotated[Path | None, typer.Option(help="DINOv2's file, beneath a LoRAT's")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace weights of that name")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a published checkpoint and keep it for `--preset paper` and every other command."""
    from road_clarity.pipeline.weights_import import import_checkpoint

    card, folder = import_checkpoint(file, name, base, force)
    if as_json:
        about = {"name": card.name, "sha256": card.sha256, "place": str(folder)}
        print(json.dumps(about | {"origin": card.origin}, indent=2))
        return
    print(f"{card.name}: {card.origin['layout']} layout, every key and shape as it must be")
    print(f"    sha256 {card.sha256}\n    kept in {folder}")
