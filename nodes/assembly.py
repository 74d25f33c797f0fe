"""From parts that arrive one by one to scenes, one for every image, in the order of the images.

The networks take different times and skip images they are too slow for.  An image waits for
its own parts as long as `patience`; then it is judged with the newest older ones, whose age the
watch knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from road_clarity.safety.event_table import PARTS
from road_clarity.safety.scene import (
    Fault,
    Lanes,
    Scene,
    Segmentation,
    Tracks,
    Unknown,
    World,
)

Part = Lanes | Segmentation | Tracks | World | Unknown

KINDS = (*PARTS, "unknown")  # the last where there are scorers of unknown scenes

LATE_NS = 500_000_000  # what is older is no longer where it is drawn
REMEMBERED = 32  # parts of a kind; an image never waits longer than that many images take


class PartMemory:
    """The newest parts of every kind."""

    def __init__(self) -> None:
        self._parts: dict[str, deque[Part]] = {name: deque(maxlen=REMEMBERED) for name in KINDS}

    def add(self, name: str, part: Part) -> None:
        self._parts[name].append(part)

    def newest(self, name: str, stamp_ns: int) -> Part | None:
        """The newest part that does not look beyond stamp_ns."""
        seen = (part for part in self._parts[name] if part.stamp_ns <= stamp_ns)
        return max(seen, key=lambda part: part.stamp_ns, default=None)

    def scene(
        self, index: int, stamp_ns: int, size: tuple[int, int], faults: tuple[Fault, ...]
    ) -> Scene:
        """What is known about the image of stamp_ns, but for the parts of stages that failed."""
        failed = {fault.code.partition(".")[0] for fault in faults}
        parts = {name: None if name in failed else self.newest(name, stamp_ns) for name in KINDS}
        return Scene(index=index, stamp_ns=stamp_ns, size=size, faults=faults, **parts)  # type: ignore[arg-type]


@dataclass
class Waiting:
    """An image whose parts are still awaited."""

    index: int
    stamp_ns: int
    size: tuple[int, int]
    faults: tuple[Fault, ...]
    arrived_s: float
    awaited: frozenset[str] = frozenset(PARTS)  # until its round says otherwise
    heard: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        return self.awaited <= self.heard


class SceneAssembly:
    """Images, parts and faults in; scenes out.  Arrival times never go back [s]."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.forget()

    def forget(self) -> None:
        """After a jump in time: what was seen before belongs to another drive."""
        self._memory, self._waiting = PartMemory(), deque[Waiting]()
        self._early: dict[int, list[tuple[str, Fault | None]]] = {}
        self._round: tuple[int, frozenset[str]] | None = None  # stamp, parts that are to come
        # Of stages that were too slow to say so in time, until they see something: stamp, fault.
        self._standing: dict[str, tuple[int, Fault]] = {}

    def see_image(
        self,
        index: int,
        stamp_ns: int,
        size: tuple[int, int],
        faults: tuple[Fault, ...],
        now_s: float,
    ) -> None:
        image = Waiting(index, stamp_ns, size, faults, now_s)
        if self._round is not None and stamp_ns <= self._round[0]:
            image.awaited = self._round[1] if stamp_ns == self._round[0] else frozenset()
        for name, fault in self._early.pop(stamp_ns, []):
            settle(image, name, fault)
        self._early = {at: heard for at, heard in self._early.items() if at > stamp_ns}
        self._waiting.append(image)

    def see_round(self, stamp_ns: int, parts: Iterable[str]) -> None:
        """Networks begin to look at an image: these answer for it, and none for those before."""
        self._round = stamp_ns, frozenset(parts)
        for image in self._waiting:
            if image.stamp_ns < stamp_ns:
                image.awaited = frozenset()
            elif image.stamp_ns == stamp_ns:
                image.awaited = self._round[1]

    def see_part(self, name: str, part: Part) -> None:
        self._memory.add(name, part)
        if name in self._standing and self._standing[name][0] <= part.stamp_ns:
            del self._standing[name]
        self._heard(part.stamp_ns, name, None)

    def see_fault(self, stamp_ns: int, fault: Fault) -> None:
        """A stage failed; the code begins with the name of its part."""
        self._heard(stamp_ns, fault.code.partition(".")[0], fault)

    def _heard(self, stamp_ns: int, name: str, fault: Fault | None) -> None:
        for image in self._waiting:
            if image.stamp_ns == stamp_ns:
                settle(image, name, fault)
                return
        if not self._waiting or stamp_ns > self._waiting[-1].stamp_ns:  # overtook its image
            self._early.setdefault(stamp_ns, []).append((name, fault))
        if fault is not None:  # or came after its image was judged
            self._standing[name] = (stamp_ns, fault)

    def ready(self, now_s: float) -> list[Scene]:
        """Images that are complete or out of patience, and those before them."""
        last = 0
        for position, image in enumerate(self._waiting, start=1):
            if image.is_complete or now_s - image.arrived_s >= self._patience_s:
                last = position
        images = [self._waiting.popleft() for _ in range(last)]
        for image in images:
            self._add_standing(image)
        return [self._memory.scene(one.index, one.stamp_ns, one.size, one.faults) for one in images]

    def _add_standing(self, image: Waiting) -> None:
        """The newest word of a stage counts, also when it came too late for its own image."""
        told = {fault.code.partition(".")[0] for fault in image.faults}
        for name, (stamp_ns, fault) in self._standing.items():
            if name not in image.heard and name not in told and stamp_ns <= image.stamp_ns:
                image.faults += (fault,)


def settle(image: Waiting, name: str, fault: Fault | None) -> None:
    """The stage is through with the image, one way or the other."""
    image.heard.add(name)
    if fault is not None:
        image.faults += (fault,)


def without_late(scene: Scene) -> Scene:
    """Lanes of a second ago would be drawn where there is no lane."""
    late: dict[str, Any] = {
        name: None
        for name in KINDS
        if (part := getattr(scene, name)) and scene.stamp_ns - part.stamp_ns > LATE_NS
    }
    return replace(scene, **late)
