"""Calibrating with the labels of events: what a request says of them, and the answer's messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.evidence.journal import LABELS
from road_clarity.pipeline.label_reader import LabelReader
from road_clarity.pipeline.reviewed_run import NOMINAL, Uncertain
from road_clarity.safety.calibration import Calibration
from road_clarity.safety.review import Review
from road_clarity.service import messages
from road_clarity.service.errors import invalid, not_ready
from road_clarity.service.gen import calibration_service_pb2 as pb

MOST_NAMED = 100  # events that wait
COUNTED_AS = {messages.label_of(name): name for name in NOMINAL}


def label_reader(request: pb.CalibrateRequest) -> LabelReader | None:
    """None where all of the footage is said to be nominal.  Raises Refusal."""
    if not request.reviewed:
        if request.uncertain:
            raise invalid("uncertain", "is about labels; set reviewed as well")
        return None
    if not request.uncertain:
        return LabelReader(Uncertain())
    if request.uncertain not in COUNTED_AS:
        raise invalid("uncertain", "use EVENT_LABEL_TRUE_RISK or EVENT_LABEL_FALSE_ALARM")
    return LabelReader(Uncertain(NOMINAL[COUNTED_AS[request.uncertain]]))


def said(request: pb.CalibrateRequest) -> str:
    """Of labels, for the command that a calibration keeps."""
    counted_as = COUNTED_AS.get(request.uncertain)
    return (" reviewed" if request.reviewed else "") + (
        f" uncertain={counted_as}" if counted_as else ""
    )


def require_decided(labels: LabelReader) -> None:
    """Raises Refusal while an event could still be either."""
    try:
        labels.require_complete()
    except BadInput as error:
        raise not_ready("LABELS_PENDING", str(error)) from error


def effect(labels: LabelReader, made: Calibration) -> pb.LabelEffect:
    """made: of the clips that are nominal or still open"""
    report = labels.report(made)
    waiting: Mapping[str, Any] = report["pending"]
    return pb.LabelEffect(
        labels=counts(report["events"]),
        left_out_clips=report["left_out"],
        left_out_flagged=report["left_out_flagged"],
        threshold_without_labels=report["threshold_without_labels"],
        pending_events=len(waiting["events"]),
        pending_ids=waiting["events"][:MOST_NAMED],
        pending_clips=waiting["clips"],
        threshold_if_true_risks=waiting["threshold_if_true_risks"],
        threshold_if_false_alarms=waiting["threshold_if_false_alarms"],
    )


def run_review(review: Review) -> pb.RunReview:
    return pb.RunReview(
        run=Path(review.run).name,
        digest=review.digest,
        left_out_clips=review.left_out,
        labels=counts(Counter(review.labels.values())),
    )


def counts(labels: Mapping[str, int]) -> list[pb.LabelCount]:
    return [
        pb.LabelCount(label=messages.label_of(name), events=labels[name])
        for name in LABELS
        if labels.get(name)
    ]
