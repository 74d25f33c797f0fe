"""Labels that feed recalibration: the clips of the events that people put a label on."""

from __future__ import annotations

from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.event import CLIP_MCAP
from road_clarity.pipeline.evidence.index import Condition
from road_clarity.pipeline.evidence.journal import label_named
from road_clarity.pipeline.evidence.store import Evidence


def labelled(folder: Path, label: str) -> list[Path]:
    """The clips of a run or evidence folder whose events have this label now, by event.

    Each can be replayed: `open_source(path)`.  Raises BadInput for a label that is none, and for a
    folder that is not there.
    """
    name = label_named(label)
    if not folder.is_dir():
        raise BadInput("evidence folder", folder, "does not exist; name a run or evidence folder")
    evidence = Evidence(folder)
    try:
        with evidence.reading() as index:
            found, _ = index.select([Condition("label = ?", (name,))])
        return [evidence.folder / one.id / CLIP_MCAP for one in found]
    finally:
        evidence.close()
