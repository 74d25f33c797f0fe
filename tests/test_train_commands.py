"""`road-clarity train`."""

import pytest
from typer.testing import CliRunner

from road_clarity.training.train_commands import RECIPES, train


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_tells_its_options(recipe):
    told = CliRunner().invoke(train, [recipe, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert told.exit_code == 0
    assert "--seed" in told.output


def test_a_recipe_that_does_not_exist_is_refused():
    assert CliRunner().invoke(train, ["horses"]).exit_code == 2
