"""ModelService: which networks there are, where they come from, and what the world model draws."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import grpc
import numpy as np
from numpy.typing import NDArray

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline.tiles import tiled
from road_clarity.service import messages
from road_clarity.service.errors import unknown
from road_clarity.service.explain_queue import Deadline, ExplainQueue
from road_clarity.service.explanation_message import png
from road_clarity.service.gen import model_service_pb2 as pb
from road_clarity.service.pages import make_token, page_size, read_token
from road_clarity.service.subject import Subjects
from road_clarity.service.workshop import Workshop

MOST_TILES, TILES_WIDE, TILE_PX = 64, 8, 64
LONGEST_NAME = 100


class ModelServicer:
    """Contract: msgs/proto/road_clarity/v1/model_service.proto."""

    def __init__(self, subjects: Subjects, queue: ExplainQueue, workshop: Workshop) -> None:
        self._subjects, self._queue, self._workshop = subjects, queue, workshop

    def ListModels(
        self, request: pb.ListModelsRequest, context: grpc.ServicerContext
    ) -> pb.ListModelsResponse:
        from road_clarity.pipeline.weights import names, read_card  # they import torch

        size, after = page_size(request.page_size), read_token(request.page_token, "models")
        rest = [name for name in names() if after is None or name > after[1]]
        page = rest[:size]
        cards = [card_message(read_card(name)) for name in page]
        for card in cards:
            card.ClearField("notes")
        token = make_token((0.0, page[-1]), "models") if len(rest) > size else ""
        return pb.ListModelsResponse(models=cards, next_page_token=token)

    def GetModel(self, request: pb.GetModelRequest, context: grpc.ServicerContext) -> pb.ModelCard:
        from road_clarity.pipeline.weights import names, place, read_card

        name = request.name
        if name not in names():  # a name from outside never becomes part of a path
            text = f"there are no weights {name[:LONGEST_NAME]!r}; ListModels names them"
            raise unknown("MODEL_UNKNOWN", text)
        answer = card_message(read_card(name))
        answer.file_matches = sha256_of(place(name) / f"{name}.safetensors") == answer.sha256
        return answer

    def GetReconstruction(
        self, request: pb.GetReconstructionRequest, context: grpc.ServicerContext
    ) -> pb.Reconstruction:
        def work(deadline: Deadline) -> pb.Reconstruction:
            image = self._subjects.of(request.frame).image
            deadline.check()
            return self._reconstruction(image, request.frame.model, request.layer)

        return self._queue.run(work, context)

    def _reconstruction(
        self, image: NDArray[np.uint8], model: str, layer: str
    ) -> pb.Reconstruction:
        explainer = self._workshop.world(model)
        found = explainer.drawn(image, layer)
        answer = pb.Reconstruction(
            seen=messages.picture(messages.PNG, png(found.seen)),
            drawn=messages.picture(messages.PNG, png(found.drawn)),
            error=found.error,
            models=messages.models(explainer.sha256),
        )
        if layer:
            shown = found.maps[:MOST_TILES]
            sheet = tiled(shown, TILES_WIDE, TILE_PX)
            _, content = cv2.imencode(".png", sheet)
            answer.layer, answer.columns = layer, TILES_WIDE
            answer.count, answer.channels = len(shown), len(found.maps)
            answer.tiles.CopyFrom(messages.picture(messages.PNG, content.tobytes()))
        return answer


def card_message(card: Card) -> pb.ModelCard:
    return pb.ModelCard(
        name=card.name,
        architecture=card.architecture,
        sha256=card.sha256,
        data=[pb.ModelCard.Data(name=name, licence=said) for name, said in card.data.items()],
        recipe=card.command,
        seed=card.seed,
        cost=card.cost,
        metrics=[
            pb.ModelCard.Metric(name=name, value=value)
            for name, value in sorted(card.metrics.items())
        ],
        metrics_command=card.metrics_command,
        made_for=card.made_for,
        notes=card.notes,
    )


def sha256_of(path: Path) -> str:
    """Raises BadInput when the file is not there."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput("weights file", path, f"cannot be read: {error.strerror}") from error
