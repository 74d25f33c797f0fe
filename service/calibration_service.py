"""CalibrationService: what flags promise, made and checked from run folders."""

from __future__ import annotations

import json
import math
import re
import shlex
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import grpc

from road_clarity import __version__
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.calibration_file import Store
from road_clarity.pipeline.label_reader import LabelReader
from road_clarity.pipeline.reviewed_run import (
    labels_changed,
    require_said_nominal,
    without_true_risks,
)
from road_clarity.pipeline.run_clips import Cut, clips_of_run, made_with
from road_clarity.pipeline.run_folder import is_run
from road_clarity.safety.calibration import Calibration, flagged
from road_clarity.safety.clip_cutter import LONGEST_S
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.drift_check import drift_of
from road_clarity.service import label_messages, messages
from road_clarity.service.errors import damaged, invalid, late, not_ready, unknown
from road_clarity.service.gen import calibration_service_pb2 as pb
from road_clarity.service.pages import make_token, page_size, read_token
from road_clarity.service.places import Places

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
MOST_RUNS = 100
LIST = "calibrations"  # what page tokens of theirs are for


class CalibrationServicer:
    """Contract: msgs/proto/road_clarity/v1/calibration_service.proto."""

    def __init__(self, run: Path, store: Path) -> None:
        """run: the folder that is served; those beside it are known, too"""
        self._run, self._store = run, Store(store)
        self._making = Places(1, "another calibration is being worked on", retry_s=2.0)

    def GetCalibration(
        self, request: pb.GetCalibrationRequest, context: grpc.ServicerContext
    ) -> pb.Calibration:
        found = self._found(request.id)
        answer = self._message(found)
        answer.clips.extend(
            pb.CalibrationClip(
                name=one.name, condition=one.condition, sha256=one.sha256, maximum=one.maximum
            )
            for one in found.clips
        )
        return answer

    def ListCalibrations(
        self, request: pb.ListCalibrationsRequest, context: grpc.ServicerContext
    ) -> pb.ListCalibrationsResponse:
        size, after = page_size(request.page_size), read_token(request.page_token, LIST)
        readable, unreadable = list[Calibration](), list[str]()
        for id in self._store.ids():
            try:
                readable.append(self._store.get(id))
            except BadInput:
                unreadable.append(id)
        rest = [one for one in sorted(readable, key=age) if after is None or age(one) > after]
        page = rest[:size]
        return pb.ListCalibrationsResponse(
            calibrations=[self._message(one) for one in page],
            next_page_token=make_token(age(page[-1]), LIST) if len(rest) > size else "",
            total_size=len(readable),
            unreadable_ids=unreadable,
        )

    def Calibrate(
        self, request: pb.CalibrateRequest, context: grpc.ServicerContext
    ) -> pb.CalibrateResponse:
        if not 0.0 < request.alpha < 1.0:
            raise invalid("alpha", "must be a share of clips between 0 and 1, such as 0.05")
        if not 0.0 < request.clip_s <= LONGEST_S:
            raise invalid("clip_s", f"must be in (0, {LONGEST_S:g}] s")
        labels = label_messages.label_reader(request)
        runs = self._runs(request.runs)
        with self._making.taken():
            made, dropped = calibrated(runs, request, labels, context)
            if not request.dry_run:
                self._store.add(made)
        maxima = [clip.maximum for clip in made.clips]
        before = SafetyConfig().elevated
        if self._store.active_id() is not None:
            before = self._found("").bin("").threshold
        return pb.CalibrateResponse(
            calibration=self._message(made),
            dropped_clips=dropped,
            flagged=flagged(maxima, made.bin("").threshold),
            flagged_before=flagged(maxima, before),
            threshold_before=before,
            labels=None if labels is None else label_messages.effect(labels, made),
        )

    def ActivateCalibration(
        self, request: pb.ActivateCalibrationRequest, context: grpc.ServicerContext
    ) -> pb.ActivateCalibrationResponse:
        if not request.id:
            raise invalid("id", "must be the id of a calibration, as ListCalibrations gives it")
        chosen, previous = self._found(request.id), self._store.active_id()
        if not request.dry_run:
            self._store.activate(chosen.id, now(), "CalibrationService.ActivateCalibration")
        return pb.ActivateCalibrationResponse(
            calibration=self._message(chosen), previous_id=previous or ""
        )

    def CheckDrift(
        self, request: pb.CheckDriftRequest, context: grpc.ServicerContext
    ) -> pb.CheckDriftResponse:
        calibration = self._found(request.id)
        runs = self._runs([request.run] if request.run else [])
        with self._making.taken():
            cut, *made = judged(
                runs, calibration.clip_s, request.condition, context, without_true_risks
            )
        drift = drift_of(calibration, request.condition, cut.clips, calibration.differences(*made))
        return pb.CheckDriftResponse(
            id=drift.calibration_id,
            clips=drift.clips,
            flagged=drift.flagged,
            value=drift.value,
            limit=drift.limit,
            state=messages.promise_state(drift.state),
            text=drift.text,
            labels_changed=labels_changed(calibration.reviews),
        )

    def _found(self, id: str) -> Calibration:
        """The active one without an id.  Raises Refusal."""
        chosen = id or self._store.active_id()
        if chosen is None:
            raise not_ready("NO_CALIBRATION", "no calibration is active; activate one")
        if chosen not in self._store.ids():
            raise unknown("CALIBRATION_UNKNOWN", "there is no such calibration", id=chosen[:100])
        try:
            return self._store.get(chosen)
        except BadInput as error:
            raise damaged(str(error), id=chosen) from error

    def _runs(self, names: Sequence[str]) -> list[Path]:
        """Raises Refusal."""
        if len(names) > MOST_RUNS or len(set(names)) < len(names):
            raise invalid("runs", f"must be at most {MOST_RUNS} different names")
        folders = [self._run]
        if names:
            if not all(NAME.fullmatch(name) for name in names):
                raise invalid("runs", "must be names of run folders beside the one that is served")
            folders = [self._run.absolute().parent / name for name in names]
        for folder in folders:
            if not is_run(folder):
                raise unknown("RUN_UNKNOWN", f"there is no run {folder.name}", run=folder.name)
        return folders

    def _message(self, one: Calibration) -> pb.Calibration:
        """Without clips."""
        return pb.Calibration(
            id=one.id,
            alpha=one.alpha,
            clip_s=one.clip_s,
            threshold=one.bin("").threshold,
            clip_count=len(one.clips),
            conditions=one.conditions,
            models=messages.models(one.models),
            parameters_json=json.dumps(one.parameters, sort_keys=True),
            code=one.code,
            created_at=one.created_at,
            command=one.command,
            active=one.id == self._store.active_id(),
            reviews=[label_messages.run_review(review) for review in one.reviews],
        )


def calibrated(
    runs: Sequence[Path], request: pb.CalibrateRequest, labels: LabelReader | None,
    context: grpc.ServicerContext,
) -> tuple[Calibration, int]:  # fmt: skip
    """And how many rests were dropped.  Raises BadInput, Refusal."""
    if labels is None:
        for run in runs:  # before any of them is read
            require_said_nominal(run)
    sift = all_of if labels is None else labels.see
    cut, models, parameters = judged(runs, request.clip_s, request.condition, context, sift)
    if labels is not None and not request.dry_run:
        label_messages.require_decided(labels)
    command = f"CalibrationService.Calibrate {shlex.join(run.name for run in runs)}"
    made = Calibration(
        request.alpha, request.clip_s, cut.clips, models, parameters, __version__, now(),
        command + label_messages.said(request), () if labels is None else labels.reviews,
    )  # fmt: skip
    return made, cut.dropped


def judged(
    runs: Sequence[Path], clip_s: float, condition: str, context: grpc.ServicerContext,
    sift: Callable[[Path, Cut], Cut],
) -> tuple[Cut, dict[str, str], dict[str, Any]]:  # fmt: skip
    """(clips, weights, parameters) of runs that were made alike.

    sift: the clips of a run that count.  Raises BadInput, Refusal.
    """
    until_s = time.monotonic() + left_s(context)

    def in_time() -> None:
        if time.monotonic() > until_s or not context.is_active():
            raise late("the runs are too long for this deadline; allow more time or name fewer")

    cut, made = Cut((), 0), made_with(runs[0])
    for run in runs:
        if made_with(run) != made:
            remedy = f"was made with other weights or settings than {runs[0].name}"
            raise BadInput("run", run.name, remedy)
        cut += sift(run, clips_of_run(run, clip_s, condition, in_time))
    return cut, *made


def all_of(run: Path, cut: Cut) -> Cut:
    return cut


def left_s(context: grpc.ServicerContext) -> float:
    """Until the caller's deadline [s]."""
    left = context.time_remaining()
    return math.inf if left is None else float(left)


def age(one: Calibration) -> tuple[float, str]:
    """The oldest first."""
    return datetime.fromisoformat(one.created_at).timestamp(), one.id


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
