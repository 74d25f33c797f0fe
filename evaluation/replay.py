"""Replay: recordings through the same pipeline as on the road, into one run folder.

No wall clock decides anything, it only measures: equal sources, weights and settings give equal
digests.  Here all of it happens in this process, with a pipeline that is given; the command divides
the same work among workers (evaluation.units.fleet).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from road_clarity.evaluation.replay_pipeline import Pipeline
from road_clarity.evaluation.sources import Source
from road_clarity.evaluation.units.merge import Merge, Part
from road_clarity.evaluation.units.unit_run import run_unit
from road_clarity.pipeline.run_folder import staged


def replay(
    sources: Sequence[Source],
    out: Path,
    pipeline: Pipeline,
    seen: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Run everything and leave the run folder at `out`; nothing is left when it fails.

    seen: called after every frame.  Returns what summary.json holds.  Raises BadInput.
    """
    with staged(out) as folder:
        units = folder / ".units"
        parts = []
        for number, source in enumerate(sources):
            place = units / str(number)
            place.mkdir(parents=True)
            said = run_unit(source.frames, source.name, pipeline, place, seen=seen)
            parts.append(Part(number, source.name, source.name, place, said))
        merge = Merge(parts, folder, pipeline)
        summary = merge.write({"failed": []}, out)
        merge.finish(summary)
        shutil.rmtree(units)
        return summary
