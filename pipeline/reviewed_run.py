"""A run whose events people have labelled: its labels, and whether they are still the same.

Which events there were says summary.json, so that an event whose evidence was deleted since keeps
the label it had; what was said of them says labels.jsonl.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.index import Index
from road_clarity.pipeline.evidence.journal import (
    DELETE,
    FALSE_ALARM,
    LABEL,
    TRUE_RISK,
    UNCERTAIN,
    UNLABELLED,
    label_named,
)
from road_clarity.pipeline.evidence.store import Busy, Evidence
from road_clarity.pipeline.run_clips import Cut, summary_of
from road_clarity.pipeline.run_folder import SUMMARY
from road_clarity.safety.clip_calibration import Clip
from road_clarity.safety.review import Review, Sifted, Verdict, sift

NOMINAL = {FALSE_ALARM: True, TRUE_RISK: False}  # what a label says of the clip
SHOWN = 5  # changes that are named one by one


@dataclass(frozen=True)
class Labelled:
    """An event of the run and what is said of it now.  Stamps [ns]."""

    id: str
    bundle_id: str  # empty when its evidence is gone and nobody deleted it
    start_ns: int
    end_ns: int
    label: str


def labelled_events(run: Path) -> list[Labelled]:
    """All events of a finished run.  Raises BadInput."""
    try:
        flagged = [(e["id"], e["start_ns"], e["end_ns"]) for e in summary_of(run)["flagged"]]
    except (KeyError, TypeError) as error:
        raise BadInput("run folder", run, f"{SUMMARY} tells no events; replay it again") from error
    evidence = Evidence(run)
    try:
        with evidence.reading() as index:
            return [
                Labelled(id, bundle_id, start_ns, end_ns, label)
                for id, start_ns, end_ns in flagged
                for bundle_id, label in [said_of(index, id)]
            ]
    except Busy as error:
        raise BadInput("run folder", run, f"its labels cannot be read now: {error}") from error
    finally:
        evidence.close()


def said_of(index: Index, id: str) -> tuple[str, str]:
    """(bundle id, label) of an event; of one that was deleted, as it was then."""
    found = index.entry(id)
    if found is not None:
        return found.bundle_id, found.label
    marks = index.marks(id)
    bundle_id = next((one.bundle_id for one in reversed(marks) if one.kind == DELETE), "")
    labels = [one.value for one in marks if one.kind == LABEL and one.bundle_id == bundle_id]
    return bundle_id, labels[-1] if labels else UNLABELLED


@dataclass(frozen=True)
class Uncertain:
    """What an event counts as of which people could not say what it was."""

    nominal: bool | None = None  # None: as one without a label

    @classmethod
    def counted_as(cls, label: str | None) -> Uncertain:
        """Raises BadInput."""
        if label is None:
            return cls()
        name = label_named(label)
        if name not in NOMINAL:
            raise BadInput("--uncertain", label, "use true-risk or false-alarm")
        return cls(NOMINAL[name])

    def verdict(self, event: Labelled) -> Verdict:
        said = self.nominal if event.label == UNCERTAIN else NOMINAL.get(event.label)
        return Verdict(event.start_ns, event.end_ns, said)


def sifted(cut: Cut, events: Sequence[Labelled], uncertain: Uncertain) -> Sifted:
    """The clips of the run that the events are of."""
    return sift(cut.clips, cut.spans, [uncertain.verdict(one) for one in events])


def without(clips: Sequence[Clip], left_out: Sequence[Clip]) -> tuple[Clip, ...]:
    """In the order that they had."""
    gone = {one.sha256 for one in left_out}
    return tuple(clip for clip in clips if clip.sha256 not in gone)


def without_true_risks(run: Path, cut: Cut) -> Cut:
    """The clips of a run that may be nominal.  Raises BadInput."""
    if not summary_of(run).get("flagged"):
        return cut
    found = sifted(cut, labelled_events(run), Uncertain())
    return Cut(without(cut.clips, found.risky), cut.dropped)


def review_of(run: Path, events: Sequence[Labelled], left_out: int) -> Review:
    labels = {one.id: one.label for one in events}
    return Review(str(run.absolute()), digest_of(events), labels, left_out)


def digest_of(events: Sequence[Labelled]) -> str:
    text = "".join(f"{one.id} {one.bundle_id} {one.label}\n" for one in events)
    return hashlib.sha256(text.encode()).hexdigest()


def pending(events: Sequence[Labelled], uncertain: Uncertain) -> list[str]:
    """Events that nobody has said enough of."""
    return [one.id for one in events if uncertain.verdict(one).nominal is None]


def require_said_nominal(run: Path) -> None:
    """Raises BadInput for a run that is given as nominal although a label says it is not."""
    if not summary_of(run).get("flagged"):
        return
    counts = Counter(one.label for one in labelled_events(run))
    if counts[TRUE_RISK] or counts[UNCERTAIN]:
        said = ", ".join(f"{counts[one]} {one}" for one in (TRUE_RISK, UNCERTAIN) if counts[one])
        remedy = (
            f"has events labelled {said}, so it is not all nominal; calibrate with its labels "
            "(--reviewed)"
        )
        raise BadInput("run folder", run.name, remedy)


def labels_changed(reviews: Sequence[Review]) -> list[str]:
    """What is labelled otherwise since, a sentence for each run; empty: nothing."""
    return [text for one in reviews if (text := change_of(one))]


def change_of(review: Review) -> str:
    run = Path(review.run)
    try:
        events = labelled_events(run)
    except BadInput:
        return f"labels of {run.name} cannot be compared: {run} is no readable run any more"
    if digest_of(events) == review.digest:
        return ""
    changes = list(differing(review, events))
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return f"labels of {run.name} have changed since: {', '.join(changes[:SHOWN])}{more}"


def differing(review: Review, events: Sequence[Labelled]) -> Iterator[str]:
    now = {one.id: one.label for one in events}
    alike = True
    for id in sorted(now.keys() | review.labels.keys()):
        then, label = review.labels.get(id, "no event"), now.get(id, "no event")
        if then != label:
            alike = False
            yield f"{id} was {then}, is {label}"
    if alike:
        yield "the run was made again"
