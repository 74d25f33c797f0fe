"""`road-clarity train`.  Everything heavy is imported when a command runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# network -> module and function of its recipe
RECIPES = {
    "lanes": ("lanes", "train_lanes"),
    "segmentation": ("segmentation", "train_segmentation"),
    "tracker": ("tracker", "train_tracker"),
    "world": ("world", "train_world"),
}


class Recipes(TyperGroup):
    """Imports a recipe, and with it torch, only when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(RECIPES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in RECIPES:
            return None
        module, function = RECIPES[cmd_name]
        one = typer.Typer(add_completion=False)
        recipe = getattr(import_module(f"road_clarity.training.{module}"), function)
        one.command(cmd_name)(recipe)
        return typer.main.get_command(one)


train = typer.Typer(
    name="train", cls=Recipes, help="Train a network by its recipe.", no_args_is_help=True
)


@train.callback()
def _train() -> None:
    """Data: ROAD_CLARITY_DATA.  Recipes resume where they were stopped."""
