"""A made-up week of driving: nineteen calm clips and three flagged ones, to be labelled."""

import json

from made_calibration import MAXIMA, MODELS, made_nominal_run
from made_moments import made_moment

from road_clarity.pipeline.events import EventRecorder
from road_clarity.pipeline.evidence.store import Evidence
from road_clarity.pipeline.run_folder import SUMMARY, write_json

FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))
FLAGGED = [1.5, 2.5, 3.5]  # maxima of the clips 19, 20 and 21, after nineteen calm ones


def made_week(path):
    """22 clips of 2 s; in each of the last three one event, in the clip's first second."""
    run = made_nominal_run(path, [*MAXIMA, *FLAGGED])
    recorder = EventRecorder(run / "events", MODELS)
    ended = [
        recorder.see(made_moment(10 * 2 * clip + step, level), "street")
        for clip in (19, 20, 21)
        for step, level in ((4, "high"), (5, "high"), (18, "nominal"))
    ]
    events = [one for one in [*ended, recorder.close()] if one is not None]
    summary = json.loads((run / SUMMARY).read_bytes())
    keys = ("id", "start_ns", "end_ns")
    summary["flagged"] = [{key: getattr(one, key) for key in keys} for one in events]
    write_json(run / SUMMARY, summary)
    return run


def label(run, **labels):
    evidence = Evidence(run)
    for name, value in zip((FIRST, SECOND, THIRD), labels.values(), strict=False):
        evidence.label(name, value, who="ada")
    evidence.close()
