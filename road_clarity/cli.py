"""The command `road-clarity`: results on stdout, reasons on stderr.

Exit codes: 0 done, 1 a gate or comparison failed, 2 bad input.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import typer

from road_clarity.evaluation import commands as evaluation
from road_clarity.models.errors import BadInput
from road_clarity.nodes import commands as nodes
from road_clarity.service import commands as service
from road_clarity.training import commands as training

app = typer.Typer(
    name="road-clarity",
    help="How risky is the road ahead, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    evaluation.replay,
    evaluation.record,
    nodes.up,
    nodes.doctor,
    service.serve,
    service.explain,
    service.events,
    training.simulate,
):
    app.command()(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        result = app(args=argv, standalone_mode=False)
    except (BadInput, OSError) as error:
        print(f"road-clarity: {error}", file=sys.stderr)
        return 2
    except click.UsageError as error:
        print(
            f"road-clarity: {error.format_message()} (see `road-clarity --help`)", file=sys.stderr
        )
        return 2
    except (KeyboardInterrupt, click.Abort):
        print("road-clarity: stopped", file=sys.stderr)
        return 130
    return int(result or 0)


if __name__ == "__main__":
    raise SystemExit(main())
