"""ExplanationService: why a frame is strange, worked out again on request."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache, partial

import grpc

from road_clarity.service.errors import invalid
from road_clarity.service.explain_queue import Deadline, ExplainQueue
from road_clarity.service.explainer import Explainer, MapMaker, SheetDrawer
from road_clarity.service.explanation_message import (
    explanation,
    map_explanation,
    sheet_explanation,
)
from road_clarity.service.gen import explanation_service_pb2 as pb
from road_clarity.service.subject import Subject, Subjects

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


class ExplanationServicer:
    """Contract: msgs/proto/road_clarity/v1/explanation_service.proto."""

    def __init__(
        self,
        subjects: Subjects,
        queue: ExplainQueue,
        explainer: Future[Explainer],
        load_maps: Callable[[], MapMaker],
        load_sheets: Callable[[], SheetDrawer],
    ) -> None:
        """explainer: being loaded on the queue's thread, so that no explanation comes before it.

        load_maps: makes what draws maps of the networks, when first asked for; load_sheets: what
        draws sheets, likewise.
        """
        self._subjects, self._queue, self._explainer = subjects, queue, explainer
        self._maps, self._sheets = cache(load_maps), cache(load_sheets)

    def ExplainFrame(
        self, request: pb.ExplainFrameRequest, context: grpc.ServicerContext
    ) -> pb.Explanation:
        method = request.method or next(iter(METHODS))
        if method not in METHODS:
            raise invalid("method", f"use one of {', '.join(METHODS)}")
        # Unpacked on the queue's thread: one large picture at a time.
        work = partial(self._explain, request, method)
        return self._queue.run(work, context)

    def ListMethods(
        self, request: pb.ListMethodsRequest, context: grpc.ServicerContext
    ) -> pb.Explanation:
        methods = [
            pb.ListMethodsResponse.Method(name=name, text=text) for name, text in METHODS.items()
        ]
        return pb.ListMethodsResponse(methods=methods)

    def _explain(
        self, request: pb.ExplainFrameRequest, method: str, deadline: Deadline
    ) -> pb.Explanation:
        subject = self._subjects.of(request)
        if method == EIGEN_CAM:
            networks = self._maps()
            drawn = networks.maps(subject.image, subject.places, deadline)
            answer = map_explanation(subject, drawn, networks.sha256)
        elif method == SHEETS:
            answer = self._drawn(subject)
        else:
            explainer = self._explainer.result()
            account = explainer.explain(subject.image, subject.places, deadline)
            answer = explanation(subject, account, explainer.sha256)
        answer.method = method
        return answer

    def _drawn(self, subject: Subject) -> pb.Explanation:
        drawer, before = self._sheets(), self._subjects.before(subject)
        drawn = drawer.sheets(subject.image, subject.places, subject.accused, before, subject.words)
        return sheet_explanation(subject, drawn, drawer.sha256)
