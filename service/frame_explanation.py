"""One explanation of one frame: the work behind ExplainFrame, ScoreExplanation and the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from road_clarity.pipeline.eigen_maps import EigenMap
from road_clarity.service.errors import invalid, late
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.explainer import Account, Place
from road_clarity.service.explanation_message import (
    explanation,
    map_explanation,
    sheet_explanation,
)
from road_clarity.service.faithfulness_message import faithfulness_message
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.messages import models
from road_clarity.service.subject import Subject, Subjects
from road_clarity.service.workshop import Workshop

RECONSTRUCTION_ERROR, EIGEN_CAM, SHEETS = "reconstruction_error", "eigen_cam", "sheets"
METHODS = {
    RECONSTRUCTION_ERROR: (
        "where the world model redraws the frame badly, what that hits, and which layer loses it"
    ),
    EIGEN_CAM: (
        "what stands out to the networks of lanes and segmentation, and to the tracker when it is "
        "asked about what is tracked or blamed: Eigen-CAM of the layer that each of them names"
    ),
    SHEETS: (
        "pages of panels on why the frame was redrawn and predicted as it was: the cause in words, "
        "feature maps, latent grid, relevance of the frames before, gates, predictability"
    ),
}
WITH_MAPS = (RECONSTRUCTION_ERROR, EIGEN_CAM)
TRACKER_OF = "tracker of "


def method_of(request: pb.ExplainFrameRequest, among: tuple[str, ...], field: str = "") -> str:
    """field: the request's own name with a dot, such as 'one.'.  Raises Refusal."""
    method = request.method or RECONSTRUCTION_ERROR
    if method not in among:
        raise invalid(f"{field}method", f"use one of {', '.join(among)}")
    if request.model and method != RECONSTRUCTION_ERROR:
        raise invalid(f"{field}model", f"goes with method {RECONSTRUCTION_ERROR} only")
    return method


@dataclass(frozen=True, eq=False)
class Maps:
    """What an explanation shows, as numbers."""

    subject: Subject
    maps: Mapping[str, NDArray[np.float32]]  # by name
    verdicts: Mapping[str, str]  # of the places, by label
    sha256: Mapping[str, str]
    eigen: tuple[EigenMap, ...] = field(default=())


class FrameExplanations:
    """Every method runs on the explain queue."""

    def __init__(self, subjects: Subjects, workshop: Workshop) -> None:
        self._subjects, self._workshop = subjects, workshop

    def explain(
        self, request: pb.ExplainFrameRequest, method: str, deadline: Deadline
    ) -> pb.Explanation:
        """Raises Refusal."""
        subject = self._subjects.of(request)
        deadline.check()
        if method == EIGEN_CAM:
            answer = self._networks(subject, request.faithfulness, deadline)
        elif method == SHEETS:
            answer = self._sheets(subject)
        else:
            answer = self._world(subject, request.model, deadline)
        answer.method = method
        return answer

    def maps(self, request: pb.ExplainFrameRequest, method: str, deadline: Deadline) -> Maps:
        """Raises Refusal."""
        subject = self._subjects.of(request)
        deadline.check()
        if method == EIGEN_CAM:
            networks = self._workshop.maps()
            drawn = networks.maps(subject.image, subject.places, deadline)
            found = {one.of: one.strength for one in drawn.maps}
            return Maps(subject, found, {}, networks.sha256, drawn.maps)
        explainer = self._workshop.world(request.model)
        account = explainer.explain(subject.image, subject.places, deadline)
        return Maps(
            subject, {"error_map": account.world.error_map}, verdicts(account), explainer.sha256
        )

    def scores(
        self, request: pb.ExplainFrameRequest, method: str, deadline: Deadline
    ) -> pb.ScoreExplanationResponse:
        """As many maps as there is time for.  Raises Refusal when there is none for any."""
        found = self.maps(request, method, deadline) if method == EIGEN_CAM else None
        answer = pb.ScoreExplanationResponse()
        if found is None:
            explainer = self._workshop.world(request.model)
            image = self._subjects.of(request).image
            score = faithfulness_message("error_map", explainer.score(image, deadline, True))
            answer.maps.extend([score] if score else [])
            answer.models.extend(models(explainer.sha256))
            wanted = 1
        else:
            networks, subject, wanted = self._workshop.maps(), found.subject, len(found.eigen)
            for one in found.eigen:
                place = place_of(one, subject)
                seen = networks.score(subject.image, one, place, deadline, True)
                score = faithfulness_message(one.of, seen)
                if score is None:
                    break
                answer.maps.append(score)
            answer.models.extend(models(networks.sha256))
        if not answer.maps:
            raise late("no map could be scored in time; allow more")
        answer.truncated_by_deadline = len(answer.maps) < wanted
        return answer

    def _world(self, subject: Subject, model: str, deadline: Deadline) -> pb.Explanation:
        explainer = self._workshop.world(model)
        account = explainer.explain(subject.image, subject.places, deadline)
        answer = explanation(subject, account, explainer.sha256)
        score = faithfulness_message("error_map", explainer.score(subject.image, deadline, False))
        if score is not None:
            answer.faithfulness.CopyFrom(score)
        return answer

    def _networks(self, subject: Subject, scored: bool, deadline: Deadline) -> pb.Explanation:
        networks = self._workshop.maps()
        drawn = networks.maps(subject.image, subject.places, deadline)
        answer = map_explanation(subject, drawn, networks.sha256)
        for said, one in zip(answer.network_maps, drawn.maps if scored else (), strict=False):
            place = place_of(one, subject)
            seen = networks.score(subject.image, one, place, deadline, False)
            score = faithfulness_message(one.of, seen)
            if score is None:
                answer.truncated_by_deadline = True
                break
            said.faithfulness.CopyFrom(score)
        return answer

    def _sheets(self, subject: Subject) -> pb.Explanation:
        drawer, before = self._workshop.sheets(), self._subjects.before(subject)
        drawn = drawer.sheets(subject.image, subject.places, subject.accused, before, subject.words)
        return sheet_explanation(subject, drawn, drawer.sha256)


def verdicts(account: Account) -> dict[str, str]:
    return {one.place.label: one.seen.verdict for one in account.places}


def place_of(one: EigenMap, subject: Subject) -> Place | None:
    """What the tracker was asked about in this map."""
    wanted = one.of.removeprefix(TRACKER_OF)
    return next((place for place in subject.places if place.label == wanted), None)
