"""A message of the protocol as JSON for the page: as the command line prints it, with pictures."""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf.message import Message

from road_clarity.service.gen.scene_pb2 import Picture
from road_clarity.service.printing import plain


def shown(message: Message) -> dict[str, Any]:
    """Every picture in it gets a `url` that holds its bytes."""
    answer = plain(message)
    add_pictures(message, answer)
    return answer


def add_pictures(message: Message, answer: dict[str, Any]) -> None:
    if isinstance(message, Picture):
        content = base64.b64encode(message.content).decode()
        answer["url"] = f"data:{message.media_type};base64,{content}" if content else None
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        inside = (
            (value, answer[field.name]) if field.is_repeated else ([value], [answer[field.name]])
        )
        for one, its_answer in zip(*inside, strict=True):
            add_pictures(one, its_answer)
