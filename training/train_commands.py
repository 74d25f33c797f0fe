"""`road-clarity train`.  Everything heavy is imported when a command runs.

A recipe is a module with its settings, `CONFIG`, and `train(config, out)`.  Options are made from
the fields of CONFIG, so that a setting is written down once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from road_clarity.models.errors import BadInput

# network -> name of the recipe -> its module; the first is what runs without --config
RECIPES = {
    "lanes": {"edge": "lanes", "published": "lanes_published"},
    "segmentation": {"edge": "segmentation", "cityscapes": "segmentation_cityscapes"},
    "tracker": {"edge": "tracker", "lorat": "tracker_lorat"},
    "finder": {"edge": "finder", "mistakes": "finder_mistakes"},
    "world": {"edge": "world"},
    "calm": {"edge": "world_calm"},  # layers of the world model on calm frames
    "anomaly": {"edge": "anomaly"},
}


ConfigFile = Annotated[Path | None, typer.Option(help="settings as YAML; see config/train")]
Out = Annotated[Path | None, typer.Option(help="folder of checkpoint and log")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="setting=value, stronger than the config")
]


class Recipes(TyperGroup):
    """Imports a recipe, and with it torch, only when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(RECIPES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in RECIPES:
            return None
        one = typer.Typer(add_completion=False)
        one.command(cmd_name)(command(cmd_name))
        return typer.main.get_command(one)


train = typer.Typer(
    name="train", cls=Recipes, help="Train a network by its recipe.", no_args_is_help=True
)


@train.callback()
def _train() -> None:
    """Data: ROAD_CLARITY_DATA.  Recipes resume where they were stopped."""


def command(network: str) -> Callable[..., None]:
    """The command that trains a network, with an option for every setting of its recipes."""

    def run(
        config: ConfigFile = None, out: Out = None, changes: Changes = None, **options: str | None
    ) -> None:
        from road_clarity.training import recipe_settings as settings

        values = settings.read_file(config) if config else {}
        values |= settings.read_changes(changes or [])
        values |= {
            key: settings.from_text(key, text) for key, text in options.items() if text is not None
        }
        chosen = module(network, values.pop("recipe", next(iter(RECIPES[network]))))
        made = settings.make(chosen.CONFIG, values)
        chosen.train(made, out or Path("out") / (config.stem if config else network))
        leave_group()

    run.__doc__ = f"Train {network}; continues from OUT when a checkpoint is there."
    named = list(inspect.signature(run, eval_str=True).parameters.values())[:-1]
    parameters = [*named, *setting_options(network)]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)  # what typer makes options from
    return run


def module(network: str, recipe: object) -> Any:
    """The recipe's module.  Raises BadInput."""
    if recipe not in RECIPES[network]:
        raise BadInput("recipe", recipe, f"for {network} there are {', '.join(RECIPES[network])}")
    try:
        return import_module(f"road_clarity.training.{RECIPES[network][str(recipe)]}")
    except ModuleNotFoundError as error:
        raise BadInput("package", error.name, "pip install 'road_clarity[train]'") from error


def setting_options(network: str) -> Iterator[inspect.Parameter]:
    """An option for every setting, in the panel of the first recipe that has it."""
    told = set()
    for recipe in RECIPES[network]:
        for one in fields(module(network, recipe).CONFIG):
            if one.name not in told:
                told.add(one.name)
                yield as_parameter(one, f"Settings of recipe {recipe}")


def as_parameter(one: Field[Any], panel: str) -> inspect.Parameter:
    default = "required" if one.default is MISSING else f"default {one.default}"
    meaning = f"{one.metadata['doc']} ({default})"
    option = typer.Option(help=meaning, metavar=f"<{one.type}>", rich_help_panel=panel)
    kind = Annotated[str | None, option]
    return inspect.Parameter(
        one.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind
    )


def leave_group() -> None:
    """Part from the other processes that torchrun started."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
