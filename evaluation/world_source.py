"""What `evaluate world` looks at, and by which networks: streets by their seeds, or recordings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from road_clarity.evaluation.seeds import seed_range
from road_clarity.evaluation.world_clip import FEWEST, WorldClip
from road_clarity.evaluation.world_pairs import Pair, load_pairs
from road_clarity.evaluation.world_recordings import recorded_clips
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import STEP_S

SECONDS, LONGEST_S = 6.0, 20.0  # of a street


@dataclass(frozen=True, eq=False)
class WorldSource:
    pairs: dict[str, Pair]
    clips: Iterable[WorldClip]  # made while they are read
    count: int | None  # of clips, as far as it is known
    calm: Iterable[WorldClip] | None  # what is usual; None: not known


def simulated(text: str, view: str, scenarios: list[str], seconds: float | None) -> WorldSource:
    """Every street of the seeds A:B.  Raises BadInput, also when the simulator is not there."""
    seeds = seed_range(text)
    length = SECONDS if seconds is None else seconds
    least = FEWEST * STEP_S
    if not least <= length <= LONGEST_S:
        remedy = (
            f"must be {least:.1f} to {LONGEST_S:.0f} s; the farthest horizon needs {least:.1f} s"
        )
        raise BadInput("--seconds", seconds, remedy)
    try:
        from road_clarity.evaluation import world_streets as streets
    except ImportError as error:
        raise BadInput("panda3d", error, "pip install 'road_clarity[simulator]'") from error
    stories = streets.stories_of(view, scenarios)
    pairs = load_pairs(view)
    side = one_side(pairs)
    clips = streets.simulated_clips(seeds, stories, view, side, length)
    return WorldSource(pairs, clips, len(seeds) * len(stories), streets.calm_clips(view, side))


def recorded(
    paths: list[Path], view: str, scenarios: list[str], seconds: float | None
) -> WorldSource:
    """What is true in a recording is not known, so nothing is planted there.  Raises BadInput."""
    if scenarios:
        raise BadInput("--scenario", scenarios[0], "is a simulated story; name it with --seeds")
    pairs = load_pairs(view)
    return WorldSource(pairs, recorded_clips(paths, one_side(pairs), seconds), None, None)


def one_side(pairs: dict[str, Pair]) -> int:
    """Of the pictures that all networks see [px].  Raises BadInput when they differ."""
    sides = {pair.autoencoder.side for pair in pairs.values()}
    if len(sides) > 1:
        raise BadInput("weights", sorted(sides), "see pictures of several sizes; train them alike")
    return sides.pop()
