"""How people really walk: the figures of walking.py, computed again from the recorded walks.

    python -m road_clarity.training.simulator.walking_figures      # prints them, needs the data

ETH/UCY (Pellegrini et al. 2009, Lerner et al. 2007): places in metres every 0.4 s.  Left out: the
scene "eth", whose time base is known to be wrong (its people would walk 2.5 m/s), and the crowded
university square, where nobody walks freely.  JAAD (Rasouli et al. 2017): dash-cam annotations of
who stands, looks and crosses, 30 frames/s.
"""

from __future__ import annotations

import io
import math
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from road_clarity.training.data_root import data_root

ARCHIVE = "trajectories.tar.xz"
SCENES = (
    "hotel/test/biwi_hotel.txt",
    "zara2/test/crowds_zara02.txt",
    "zara1/train/crowds_zara03_train.txt",
    "zara1/train/uni_examples_train.txt",
)
CROSSINGS = "jaad_default_trainval.tar.xz"
STEP_S, JAAD_HZ = 0.4, 30.0
WALKS_MPS = 0.5  # who is slower stands about
FEWEST = 12  # places of a walk
BENDS = 3  # degree of the path that counts as intended; what is left is sway
BEFORE_S = 2.0  # of looking or standing, before somebody crosses
Walk = NDArray[np.float64]  # (N, 2) places [m], STEP_S apart


def walks(scene: str) -> Iterator[Walk]:
    """The walks of a scene, from its lines of frame, person, x, y."""
    rows = np.loadtxt(io.StringIO(scene))
    for person in np.unique(rows[:, 1]):
        mine = rows[rows[:, 1] == person]
        whole = len(np.unique(np.diff(mine[:, 0]))) == 1
        if len(mine) >= FEWEST and whole:
            yield mine[:, 2:4]


def manner(walk: Walk) -> tuple[float, float, float, float, float] | None:
    """(pace [m/s], its ebb [m/s] and period [s], sway [m] and wavelength [m]); None: stands about.

    Ebb and sway are standard deviations: of the speed along the way, of the place across it."""
    way = walk[-1] - walk[0]
    length = float(np.hypot(*way))
    pace = float(np.median(np.hypot(*(np.diff(walk, axis=0) / STEP_S).T)))
    if pace < WALKS_MPS or length < 3.0:
        return None
    frame = np.array([way, (-way[1], way[0])]) / length
    along, aside = frame @ (walk - walk[0]).T
    speed = np.diff(along) / STEP_S
    ebb = speed - speed.mean()
    sway = aside - np.polyval(np.polyfit(along, aside, BENDS), along)
    return (
        pace, float(ebb.std()), period(ebb) * STEP_S, float(sway.std()),
        period(sway) * pace * STEP_S,
    )  # fmt: skip


def period(swings: NDArray[np.float64]) -> float:
    """Of a sine with the same correlation from one value to the next [steps]."""
    likeness = float((swings[1:] * swings[:-1]).mean() / max((swings**2).mean(), 1e-12))
    return 2 * math.pi / math.acos(max(min(likeness, 0.999), -0.999))


def crossings(annotations: ElementTree.Element) -> Iterator[tuple[bool, float, bool]]:
    """(looks, stands so long [s], stops and goes on) of whoever is seen before crossing."""
    for track in annotations.iter("track"):
        if track.get("label") != "pedestrian":
            continue
        rows = [{a.get("name"): a.text for a in box} for box in track.iter("box")]
        crosses = [row["cross"] == "crossing" for row in rows]
        start = crosses.index(True) if any(crosses) else 0
        if start < JAAD_HZ / 2:
            continue
        before = rows[max(0, start - round(BEFORE_S * JAAD_HZ)) : start]
        stands = [row["action"] == "standing" for row in rows]
        yield (
            any(row["look"] == "looking" for row in before),
            last_run(stands[:start]) / JAAD_HZ if stands[start - 1] else 0.0,
            falters(stands),
        )


def last_run(stands: list[bool]) -> int:
    """How many of the last values are True, without a break."""
    return next((n for n, stood in enumerate(reversed(stands)) if not stood), len(stands))


def falters(stands: list[bool]) -> bool:
    """Whether somebody walks, stands, and walks again."""
    changes = sum(a != b for a, b in zip(stands, stands[1:], strict=False))
    return changes >= 2 + stands[0]


def walking(scenes: list[str]) -> dict[str, float]:
    """The figures of free walking."""
    manners = np.array([m for scene in scenes for walk in walks(scene) if (m := manner(walk))])
    pace, ebb, ebb_s, sway, sway_wave = np.median(manners, axis=0)
    return {
        "PACE_MPS": float(manners[:, 0].mean()),
        "PACE_SPREAD_MPS": float(manners[:, 0].std()),
        "EBB_MPS": ebb, "EBB_S": ebb_s, "SWAY_M": sway, "SWAY_WAVE_M": sway_wave,
    }  # fmt: skip


def crossing(annotations: list[ElementTree.Element]) -> dict[str, float]:
    """The figures of what people do before they cross."""
    seen = [row for one in annotations for row in crossings(one)]
    looks, waits, stops = (np.array(column) for column in zip(*seen, strict=True))
    waited = np.log(waits[waits > 0])
    return {
        "LOOKS": looks.mean(), "STANDS": (waits > 0).mean(),
        "WAIT_S": math.exp(waited.mean()), "WAIT_LOG_SPREAD": waited.std(),
        "FALTERS": stops.mean(),
    }  # fmt: skip


def figures(archive: Path) -> dict[str, float]:
    """All figures, from the archive of recorded walks."""
    scenes, annotations = [], []
    with tarfile.open(archive) as files:
        for member in files:
            content = files.extractfile(member)
            if content is not None and member.name.endswith(SCENES):
                scenes.append(content.read().decode())
            elif content is not None and member.name.endswith(CROSSINGS):
                with tarfile.open(fileobj=content) as inner:
                    annotations = [
                        ElementTree.parse(inner.extractfile(one)).getroot()  # type: ignore[arg-type]
                        for one in inner
                        if one.name.startswith("annotations/") and one.isfile()
                    ]
    return walking(scenes) | crossing(annotations)


if __name__ == "__main__":
    for name, value in figures(data_root() / ARCHIVE).items():
        print(f"{name} = {value:.3g}")
