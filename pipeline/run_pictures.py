"""The camera's pictures of a run, as run.mcap keeps them (foxglove.CompressedImage).

The file itself says how its messages are laid out, so nothing about Foxglove is built in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Schema

from road_clarity.pipeline.run_folder import MCAP

TOPIC = "/camera/image"
READ_ERRORS = (McapError, OSError, ValueError)  # what a damaged file makes of reading it


def pictures(
    run: Path, from_ns: int | None = None, until_ns: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Stamp [ns] and encoded picture, in order, from_ns and before until_ns.

    Raises one of READ_ERRORS.
    """
    with (run / MCAP).open("rb") as file:
        found = make_reader(file).iter_messages(
            [TOPIC], starting_at=from_ns, ending_before=until_ns
        )
        kind: Any = None
        for schema, _, message in found:
            if schema is not None:
                kind = kind or message_class(schema)
                yield message.log_time, bytes(kind.FromString(message.data).data)


def message_class(schema: Schema) -> Any:
    """The protobuf class that the file's own schema describes."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(schema.data).file:
        pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(schema.name))
