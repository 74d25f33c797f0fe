"""A recipe's settings from YAML and the command line, and the configs that ship."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from road_clarity.cli import main
from road_clarity.models.errors import BadInput
from road_clarity.safety.settings import Checked, setting
from road_clarity.training.recipe_settings import from_text, make, read_changes, read_file
from road_clarity.training.train_commands import RECIPES, module, train

SHIPPED = sorted((Path(__file__).parents[1] / "config" / "train").glob("*.yaml"))


@dataclass(frozen=True, kw_only=True)
class Walk(Checked):
    steps: int = setting(10, "how far", low=1)
    pace: float = setting(1.5, "how fast [m/s]", low=0.0)
    alone: bool = setting(True, "whether nobody comes along")
    by: str = setting("day", "when", among=("day", "night"))
    rests: tuple[int, ...] = setting((3, 5), "after which steps")
    dog: Path | None = setting(None, "picture of the dog")


@dataclass(frozen=True, kw_only=True)
class Trip(Checked):
    goal: Path = setting(MISSING, "where to")


def test_yaml_and_command_line_make_settings(tmp_path):
    file = tmp_path / "walk.yaml"
    file.write_text("steps: 20\npace: 1e-1\nby: night\nrests: [1]\n")
    values = read_file(file) | read_changes(["steps=7", "dog=rex.png"])
    assert make(Walk, values) == Walk(
        steps=7, pace=0.1, by="night", rests=(1,), dog=Path("rex.png")
    )


def test_a_whole_number_serves_where_a_number_is_asked_for():
    assert make(Walk, {"pace": 2}).pace == 2.0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stepz": 3}, "setting stepz: is unknown here; there are steps, pace, alone, by, rests"),
        ({"steps": 2.5}, "steps 2.5: must be a whole number"),
        ({"steps": True}, "steps True: must be a whole number"),
        ({"steps": 0}, "steps 0: must be in"),
        ({"pace": "fast"}, "pace fast: must be a number"),
        ({"pace": "nan"}, "pace nan: must be in"),
        ({"alone": "yes please"}, "alone yes please: must be true or false"),
        ({"by": "noon"}, "by noon: use one of day, night"),
        ({"rests": 4}, "rests 4: must be a list"),
        ({"rests": ["a"]}, "rests a: must be a whole number"),
        ({"dog": 4}, "dog 4: must be a path"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(values, said):
    with pytest.raises(BadInput, match=said):
        make(Walk, values)


def test_a_setting_without_default_must_be_given():
    with pytest.raises(BadInput, match="goal is missing: give where to in the config or by --goal"):
        make(Trip, {})


@pytest.mark.parametrize(
    ("text", "said"), [("- 1", "must hold lines"), ("a: [", "is no YAML"), ("", "must hold lines")]
)
def test_a_config_that_is_none_is_refused(tmp_path, text, said):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(BadInput, match=said):
        read_file(tmp_path / "c.yaml")


def test_values_of_the_command_line_are_those_of_yaml():
    texts = ("7", "1.5", "true", "[1, 2]", "x")
    assert [from_text("a", text) for text in texts] == [7, 1.5, True, [1, 2], "x"]
    with pytest.raises(BadInput, match="write name=value"):
        read_changes(["steps"])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_fit_their_recipes(path):
    network = path.stem.split("_")[0]
    values = read_file(path)
    recipe = values.pop("recipe")
    config = module(network, recipe).CONFIG
    required = {one.name: "/data" for one in fields(config) if one.default is MISSING}
    assert make(config, required | values)


@pytest.mark.parametrize("network", ["lanes", "segmentation", "tracker"])
def test_the_edge_config_says_what_runs_without_it(network):
    values = read_file(next(path for path in SHIPPED if path.stem == f"{network}_edge"))
    config = module(network, values.pop("recipe")).CONFIG
    assert make(config, values) == config()


@pytest.mark.parametrize("network", RECIPES)
def test_every_setting_is_an_option(network):
    told = CliRunner().invoke(train, [network, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert told.exit_code == 0
    assert "--config" in told.output
    assert "--seed" in told.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "recipe=other"], "recipe other: for lanes there are edge, published"),
        (["--steps", "many"], "steps many: must be a whole number"),
        (["--layout", "culane"], "setting layout: is unknown here"),
        (["--set", "recipe=published"], "data is missing: give folder of the data set"),
    ],
)
def test_the_command_refuses_in_one_sentence_and_leaves_nothing(tmp_path, capsys, arguments, said):
    out = tmp_path / "out"
    assert main(["train", "lanes", "--out", str(out), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_recipe_that_does_not_exist_is_refused():
    assert CliRunner().invoke(train, ["horses"]).exit_code == 2
