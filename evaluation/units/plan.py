"""Recordings as units: one each, or one per stretch of `shard_s`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from road_clarity.evaluation.sources import length_s, name_of
from road_clarity.evaluation.units.config import WorkConfig
from road_clarity.evaluation.units.content_key import content_key, path_sha256
from road_clarity.evaluation.units.unit import Reading, Shard, Unit


def plan(
    paths: Sequence[Path], reading: Reading, work: WorkConfig, origin: Mapping[str, Any]
) -> list[Unit]:
    """In order.  origin: of content_key.origin_of_results.  Raises BadInput."""
    with ThreadPoolExecutor(work.jobs) as pool:  # hashing lets other threads run
        hashed = list(pool.map(path_sha256, paths))
    return [
        Unit(
            recording=number,
            source=name_of(path),
            path=path.absolute(),
            shard=shard,
            reading=reading,
            key=content_key(origin, sha256, reading, shard),
        )
        for number, (path, sha256) in enumerate(zip(paths, hashed, strict=True))
        for shard in shards(path, reading, work)
    ]


def shards(path: Path, reading: Reading, work: WorkConfig) -> Iterator[Shard]:
    """The last one goes on to the end, so that a length which is a little off loses no frame."""
    if not work.shard_s:
        yield Shard()
        return
    count = int(length_s(path, reading.topic, reading.fps) // work.shard_s) + 1
    for number in range(count):
        start_s = number * work.shard_s
        end_s = start_s + work.shard_s if number < count - 1 else None
        yield Shard(number=number, start_s=start_s, end_s=end_s, lead_s=work.lead_s)
