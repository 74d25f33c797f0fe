"""`road-clarity up` with a perception process that fails on request; arguments as name=value."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from road_clarity.nodes.supervisor import supervise
from road_clarity.nodes.table import DRIVE_ARGUMENTS, PERCEPTION, SAFETY, complete, starts

DRILLED = replace(PERCEPTION, module="road_clarity.nodes.soak.drilled")


def main(words: Sequence[str]) -> int:
    given = dict(word.split("=", 1) for word in words)
    return supervise(
        starts((SAFETY, DRILLED), complete(DRIVE_ARGUMENTS, given)),
        tell=lambda text: print(f"up: {text}", file=sys.stderr, flush=True),
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
