"""The camera's pictures of a run, as run.mcap keeps them (foxglove.CompressedImage).

The file itself says how its messages are laid out, so nothing about Foxglove is built in here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Schema

from road_clarity.pipeline.run_folder import MCAP
from road_clarity.service.errors import damaged, not_ready

TOPIC = "/camera/image"


def picture_at(run: Path, stamp_ns: int) -> bytes:
    """The encoded picture of the frame with that stamp [ns].  Raises Refusal."""
    path = run / MCAP
    if not path.is_file():
        raise not_ready(
            "NO_PICTURES", f"the run has no {MCAP} yet, so only its events have pictures"
        )
    try:
        with path.open("rb") as file:
            found = make_reader(file).iter_messages(
                [TOPIC], starting_at=stamp_ns, ending_before=stamp_ns + 1
            )
            for schema, _, message in found:
                if schema is not None:
                    return bytes(message_class(schema).FromString(message.data).data)
    except (McapError, OSError, ValueError) as error:
        raise damaged(f"{MCAP} cannot be read: {error}", file=MCAP) from error
    raise not_ready("NO_PICTURES", f"{MCAP} holds no picture with the stamp {stamp_ns}")


def message_class(schema: Schema) -> Any:
    """The protobuf class that the file's own schema describes."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(schema.data).file:
        pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(schema.name))
