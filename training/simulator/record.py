"""A scenario on disk, in the form that the name asks for.

Everything is written under other names and takes its place only when it is whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.training.simulator.bag import write_bag
from road_clarity.training.simulator.film import SimFrame
from road_clarity.training.simulator.movie import write_movie
from road_clarity.training.simulator.shard import gathered, write_shard

VIDEO, TRUTH = "street.mp4", "truth.jsonl"


@dataclass(frozen=True)
class Recording:
    """What was written: a film with its truth beside it, or one file that holds both."""

    files: dict[str, Path]  # 'video' and 'truth', or 'bag', or 'shard'
    frames: int
    hazardous: int  # frames


def places(out: Path) -> dict[str, Path]:
    """The files to write, by what they are.  Raises BadInput."""
    if out.suffix == ".mp4":
        return {"video": out, "truth": out.with_suffix(".truth.jsonl")}
    if out.suffix in (".mcap", ".npz"):
        return {"bag" if out.suffix == ".mcap" else "shard": out}
    if out.suffix or (out.exists() and not out.is_dir()):
        raise BadInput("out", out, "name a folder, or a file that ends in .mp4, .mcap or .npz")
    return {"video": out / VIDEO, "truth": out / TRUTH}


def record(frames: Iterable[SimFrame], out: Path, fps: float) -> Recording:
    """Writes the frames."""
    files = places(out)
    next(iter(files.values())).parent.mkdir(parents=True, exist_ok=True)
    parts = {kind: path.with_name(f".{path.name}.part") for kind, path in files.items()}
    count: Counter[str] = Counter(frames=0, hazardous=0)
    try:
        write(counted(frames, count), parts, fps)
        for kind, path in files.items():
            parts[kind].replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return Recording(files, **count)


def write(frames: Iterable[SimFrame], files: dict[str, Path], fps: float) -> None:
    """In the form that the files call for."""
    match files:
        case {"video": video, "truth": truth}:
            write_movie(frames, video, truth, fps)
        case {"bag": bag}:
            write_bag(frames, bag)
        case {"shard": shard}:
            write_shard(gathered(frames), shard)


def counted(frames: Iterable[SimFrame], count: Counter[str]) -> Iterator[SimFrame]:
    """The frames, counted as they pass."""
    for frame in frames:
        count.update(frames=1, hazardous=int(frame.truth.hazardous))
        yield frame
