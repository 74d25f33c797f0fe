"""A run held against its criteria: the entry `criteria` of summary.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from road_clarity.evaluation.criteria.criteria_file import Criteria
from road_clarity.evaluation.criteria.facts import RunFacts
from road_clarity.evaluation.criteria.kinds import Judgement
from road_clarity.models.errors import BadInput


def verdicts_of(criteria: Criteria | None) -> Callable[[Path, Mapping[str, Any]], dict[str, Any]]:
    """What to ask of a run folder and its summary; nothing without criteria."""
    if criteria is None:
        return lambda run, summary: {}
    return lambda run, summary: {"criteria": judged(criteria, run, summary)}


def judged(criteria: Criteria, run: Path, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Every verdict, and whether all of them are good.  Units that are missing fail none."""
    facts = RunFacts(run, summary)
    verdicts = []
    for one in criteria.criteria:
        try:
            found = one.judge(facts.of(one.source))
        except BadInput as error:  # a recording that is not in this run
            found = Judgement(False, str(error))
        name = one.name or one.kind
        verdicts.append(
            {"name": name, "kind": one.kind, "passed": found.passed, "text": found.text}
        )
    return {
        "file": criteria.file,
        "passed": all(one["passed"] for one in verdicts),
        "verdicts": verdicts,
    }
