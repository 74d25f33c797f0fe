"""The run.mcap of a whole run, out of those of its units: every message at its place in time."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from mcap.reader import make_reader
from mcap.records import Channel, Schema
from mcap.writer import Writer

from road_clarity.pipeline.run_pictures import message_class

PROTOBUF = "protobuf"
STAMP_TYPE = "google.protobuf.Timestamp"


class MovedLog:
    """Context manager around the file; `add` takes the units' files in order."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(self._file)
        self._writer.start(profile="", library="road_clarity")
        self._channels: dict[str, int] = {}  # by topic
        self._kinds: dict[str, Any] = {}  # protobuf class by schema name
        self._count = 0

    def __enter__(self) -> MovedLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._writer.finish()
        self._file.close()

    def add(self, unit: Path, ns: int) -> None:
        """All messages of a unit's file, `ns` later [ns]."""
        with unit.open("rb") as file:
            for schema, channel, message in make_reader(file).iter_messages():
                assert schema is not None  # every channel of a run has one
                at = message.log_time + ns
                data = self._moved(message.data, schema, ns)
                number = self._channel(schema, channel)
                self._writer.add_message(number, at, data, at, self._count)
                self._count += 1

    def _channel(self, schema: Schema, channel: Channel) -> int:
        if channel.topic not in self._channels:
            known = self._writer.register_schema(schema.name, schema.encoding, schema.data)
            self._channels[channel.topic] = self._writer.register_channel(
                channel.topic, channel.message_encoding, known, channel.metadata
            )
        return self._channels[channel.topic]

    def _moved(self, data: bytes, schema: Schema, ns: int) -> bytes:
        if not ns or schema.encoding != PROTOBUF:
            return data
        if schema.name not in self._kinds:
            self._kinds[schema.name] = message_class(schema)
        message = self._kinds[schema.name].FromString(data)
        move_stamps(message, ns)
        return bytes(message.SerializeToString(deterministic=True))


def move_stamps(message: Any, ns: int) -> None:
    """Add ns to every time stamp in a protobuf message, however deep [ns]."""
    if message.DESCRIPTOR.full_name == STAMP_TYPE:
        at = message.seconds * 1_000_000_000 + message.nanos + ns
        message.seconds, message.nanos = divmod(at, 1_000_000_000)
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in value if field.is_repeated else (value,):
                move_stamps(one, ns)
