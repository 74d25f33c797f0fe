"""The command `road-clarity`: results on stdout, reasons on stderr.

Exit codes: 0 done, 1 a gate or comparison failed, 2 bad input.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from road_clarity.bench_command import bench
from road_clarity.evaluation import commands as evaluation
from road_clarity.evaluation import fleet_commands as fleet
from road_clarity.evaluation.calibrate_commands import calibrate
from road_clarity.evaluation.evaluate_commands import evaluate
from road_clarity.evaluation.export_commands import export
from road_clarity.evaluation.replay_command import replay
from road_clarity.explain_command import explain
from road_clarity.models.errors import BadInput
from road_clarity.nodes import commands as nodes
from road_clarity.pipeline import commands as pipeline
from road_clarity.service import commands as service
from road_clarity.service.event_commands import app as event_commands
from road_clarity.service.what_if_command import what_if
from road_clarity.training import commands as training
from road_clarity.training.train_commands import train

# Whatever the command line gets wrong; typer exports its subclasses only.
UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="road-clarity",
    help="How risky is the road ahead, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    replay,
    evaluation.diff,
    evaluation.record,
    fleet.tables,
    fleet.query,
    fleet.mine,
    nodes.up,
    nodes.doctor,
    service.serve,
    explain,
    what_if,
    training.simulate,
    bench,
    export,
):
    app.command()(command)
app.add_typer(evaluate)
app.add_typer(calibrate)
app.add_typer(train)
app.add_typer(pipeline.weights)
app.add_typer(event_commands)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(
            args=with_json_places(sys.argv[1:] if argv is None else argv), standalone_mode=False
        )
    except (BadInput, OSError) as error:
        return refuse(str(error))
    except UsageError as error:
        return refuse(f"{error.format_message()} See `road-clarity --help`.")
    except (KeyboardInterrupt, typer.Abort):
        print("road-clarity: stopped", file=sys.stderr)
        return 130
    return int(result or 0)


def with_json_places(words: Sequence[str]) -> list[str]:
    """`bench --json` without a file means stdout; typer knows no option whose value may lack."""
    told = list(words)
    for place, word in enumerate(told):
        lacks = place + 1 == len(told) or told[place + 1].startswith("--")
        if told[0] == "bench" and word == "--json" and lacks:
            told.insert(place + 1, "-")
    return told


def refuse(sentence: str) -> int:
    """Say in one line what is wrong with the input."""
    print(f"road-clarity: {' '.join(sentence.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
