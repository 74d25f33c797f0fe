"""What the labels of events change about a calibration, run by run: clips, what is still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.journal import LABELS
from road_clarity.pipeline.reviewed_run import (
    Labelled,
    Uncertain,
    labelled_events,
    pending,
    review_of,
    sifted,
    without,
)
from road_clarity.pipeline.run_clips import Cut
from road_clarity.safety.calibration import Calibration, flagged
from road_clarity.safety.clip_calibration import Clip, threshold
from road_clarity.safety.review import Review, Sifted

NAMED = 5  # open events in a sentence


class LabelReader:
    """Collects what people said of the events of runs, run by run."""

    def __init__(self, uncertain: Uncertain) -> None:
        self._uncertain = uncertain
        self._counts: Counter[str] = Counter()
        self.sifted = Sifted()
        self.reviews: tuple[Review, ...] = ()
        self.pending: list[str] = []  # run/event

    def see(self, run: Path, cut: Cut) -> Cut:
        """Its clips without those with a true risk.  Raises BadInput."""
        events: list[Labelled] = labelled_events(run)
        found = sifted(cut, events, self._uncertain)
        self.sifted += found
        self._counts.update(one.label for one in events)
        self.reviews += (review_of(run, events, len(found.risky)),)
        self.pending += [f"{run.name}/{id}" for id in pending(events, self._uncertain)]
        return Cut(without(cut.clips, found.risky), cut.dropped)

    def require_complete(self) -> None:
        """Raises BadInput while an event could still be either."""
        if self.pending:
            total = self._counts.total()
            remedy = (
                f"still wait for a label that decides: {first_of(self.pending)}; give them one, "
                "say what uncertain ones count as (--uncertain), or look with a dry run"
            )
            raise BadInput("labels", f"{len(self.pending)} of {total} events", remedy)

    def report(self, made: Calibration) -> dict[str, Any]:
        """What the labels change.  made: of the clips that are nominal or still open"""
        kept, alpha = made.clips, made.alpha
        all_open = {one.sha256 for one in self.sifted.pending}
        decided = [clip for clip in kept if clip.sha256 not in all_open]
        limit = made.bin("").threshold
        risky = [clip.maximum for clip in self.sifted.risky]
        return {
            "events": {name: self._counts[name] for name in LABELS},
            "left_out": len(risky),
            "left_out_flagged": flagged(risky, limit),
            "threshold_without_labels": threshold_of([*kept, *self.sifted.risky], alpha),
            "pending": {
                "events": self.pending,
                "clips": len(all_open),
                "threshold_if_true_risks": threshold_of(decided, alpha),
                "threshold_if_false_alarms": limit,
            },
        }


def threshold_of(clips: Sequence[Clip], alpha: float) -> float | None:
    """None: these clips are too few to promise alpha."""
    try:
        return threshold([clip.maximum for clip in clips], alpha)
    except BadInput:
        return None


def first_of(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
