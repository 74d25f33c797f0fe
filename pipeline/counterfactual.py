"""What if: the last seconds before a frame once more, as they were and as they would have been.

The watch remembers (level, motion, since when the lane is lost), and so do tracker and world model.
So the frames before are run again through the pipeline's own objects; where the interventions
begin, the pipeline is forked, and the two go on over the same frames.  Nearly all of the time goes
into the networks, so what was run for one question is kept for the next about the same frame, and
what was begun in idle time is gone on with: frame by frame the same work, only earlier.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.interventions import (
    DropTrack,
    Inpaint,
    Intervention,
    Mask,
    repainted,
    retold,
)
from road_clarity.pipeline.perception import Outcome, Perception
from road_clarity.safety.boxes import overlap
from road_clarity.safety.scene import Risk, Scene, Track

FOUND_AGAIN = 0.3  # overlap (IoU) from which a track that was recorded is one that is followed now
TIMED = 3  # frames after which is known how long one takes
MOST_PASTS = 4  # that are kept; the scenes of one take some 4 MB
SLACK = 1.6  # how much longer than those the rest may take, tracks being few at first

FramesFrom = Callable[[int], Iterable[Frame]]  # from a stamp [ns] to the frame asked about


class OutOfTime(Exception):
    """There was not enough time even for the frames that the interventions are about."""


@dataclass(frozen=True)
class Span:
    """Stamps of the frames to run, the one asked about last, and from which on it is otherwise."""

    stamps: Sequence[int]  # [ns], in order
    changed_from: int  # number among stamps
    twice: bool = True  # whether the networks look at the changed frames again

    @property
    def cost(self) -> int:
        """Frames that go through the networks."""
        again = len(self.stamps) - self.changed_from if self.twice else 0
        return len(self.stamps) + again

    def later(self, count: int) -> Span:
        """Without the first count of them."""
        return replace(self, stamps=self.stamps[count:], changed_from=self.changed_from - count)


@dataclass(frozen=True, eq=False)
class Probe:
    """Both sides of a what-if question, at the frame asked about."""

    before: Outcome
    after: Outcome
    image: NDArray[np.uint8]  # (H, W, 3) as `after` saw it
    span: Span  # what was run
    truncated: bool  # less of it than asked for, as there was no time


@dataclass(frozen=True, eq=False)
class Past:
    """The frames of a span as they were."""

    fork: Perception  # as it stood where the interventions begin; stays as it is
    seen: tuple[Outcome, ...]  # of the frames from there on
    image: NDArray[np.uint8]  # (H, W, 3) of the last one


class Playing:
    """The frames of a span as they were, as far as they have been run."""

    def __init__(self, perception: Perception, span: Span) -> None:
        """perception: stays as it is"""
        self.span, self.played = span, 0
        self._now = perception.fork()
        self._now.restart()
        self._fork, self._seen = self._now, list[Outcome]()

    def go_on(
        self, frames_from: FramesFrom, left_s: Callable[[], float], most: int | None = None
    ) -> None:
        """most: frames to run.  Raises OutOfTime, and then goes on where it stopped; BadInput."""
        stamps = self.span.stamps[self.played :][:most]
        for frame in counted(frames_from, stamps) if stamps else ():
            still_time(left_s)
            if self.played == self.span.changed_from:
                self._fork = self._now.fork()
            outcome = self._now.step(replace(frame, index=self.played))
            if self.played >= self.span.changed_from:
                self._seen.append(outcome)
            self._image = frame.image
            self.played += 1

    def past(self) -> Past:
        """Once all has been run."""
        return Past(self._fork, tuple(self._seen), self._image)


class Pasts:
    """What was run last, of one run.  One thread at a time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[tuple[int, ...], int], Past] = OrderedDict()
        self._begun: Playing | None = None  # that time was over for

    def begin(self, perception: Perception, span: Span) -> Playing:
        """What was begun of this span, else a beginning."""
        begun, self._begun = self._begun, None
        if begun is not None and key_of(begun.span) == key_of(span):
            return begun
        return Playing(perception, span)

    def put_aside(self, playing: Playing) -> None:
        """To be gone on with."""
        self._begun = playing

    def find(self, span: Span) -> Past | None:
        found = self._kept.get(key := key_of(span))
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, span: Span, past: Past) -> Past:
        self._kept[key_of(span)] = past
        if len(self._kept) > MOST_PASTS:
            self._kept.popitem(last=False)
        return past


def key_of(span: Span) -> tuple[tuple[int, ...], int]:
    return tuple(span.stamps), span.changed_from


def span_of(stamps: Sequence[int], during_ns: int, interventions: Sequence[Intervention]) -> Span:
    """The frame asked about is always otherwise, and those at most during_ns before it.

    What only the watch is told, the networks need not look at.
    """
    first = next(i for i, stamp in enumerate(stamps) if stamp >= stamps[-1] - during_ns)
    return Span(stamps, first, any(isinstance(one, (Mask, Inpaint)) for one in interventions))


def probe(
    perception: Perception, frames_from: FramesFrom, span: Span,
    interventions: Sequence[Intervention], left_s: Callable[[], float],
    pasts: Pasts | None = None,
) -> Probe:  # fmt: skip
    """perception: stays as it is      left_s: time that is left [s]; less is run when it is short

    pasts: what earlier questions to this pipeline about this run have left; more is added.
    Raises OutOfTime, and BadInput for a track to drop that is not followed in the frame again.
    """
    asked, pasts = span, pasts or Pasts()
    past = pasts.find(span)
    if past is None:
        span, past = run_again(perception, frames_from, span, left_s, pasts)
    fork, seen, last = past.fork.fork(), past.seen, past.seen[-1]
    gone = [targets(one.scene, last.scene, interventions) for one in seen]
    if span.twice:
        after, image = repainted_run(fork, frames_from, span, interventions, gone, left_s)
    else:
        after, image = retold_run(fork, seen, interventions, gone), past.image
    return Probe(last, after, image, span, truncated=span is not asked)


def run_again(
    perception: Perception, frames_from: FramesFrom, span: Span, left_s: Callable[[], float],
    pasts: Pasts,
) -> tuple[Span, Past]:  # fmt: skip
    """As much of the span as there is time for.

    Raises OutOfTime, and BadInput for a frame whose picture is not there.
    """
    playing, asked = pasts.begin(perception, span), span
    try:
        span = affordable(playing, span, frames_from, left_s)
        if span is not asked:
            if found := pasts.find(span):
                return span, found
            playing = Playing(perception, span)
        playing.go_on(frames_from, left_s)
    except OutOfTime:
        pasts.put_aside(playing)
        raise
    return span, pasts.keep(span, playing.past())


def play_ahead(
    perception: Perception, frames_from: FramesFrom, span: Span, left_s: Callable[[], float],
    pasts: Pasts,
) -> None:  # fmt: skip
    """Run the span before anybody asks.  Raises OutOfTime, and then may be called again."""
    if pasts.find(span) is not None:
        return
    playing = pasts.begin(perception, span)
    try:
        playing.go_on(frames_from, left_s)
    except OutOfTime:
        pasts.put_aside(playing)
        raise
    pasts.keep(span, playing.past())


def repainted_run(
    fork: Perception, frames_from: FramesFrom, span: Span, interventions: Sequence[Intervention],
    gone: Sequence[Sequence[Track]], left_s: Callable[[], float],
) -> tuple[Outcome, NDArray[np.uint8]]:  # fmt: skip
    """Everything looks at the changed frames again."""
    frames = counted(frames_from, span.stamps[span.changed_from :])
    for frame, tracks in zip(frames, gone, strict=True):
        still_time(left_s)
        image = repainted(frame.image, interventions)
        told = partial(retold, interventions=interventions, gone=tracks)
        outcome = fork.step(Frame(frame.index, frame.stamp_ns, image), told)
    return outcome, image


def retold_run(
    fork: Perception, seen: Sequence[Outcome], interventions: Sequence[Intervention],
    gone: Sequence[Sequence[Track]],
) -> Outcome:  # fmt: skip
    """Only the watch is told something else."""
    for one, tracks in zip(seen, gone, strict=True):
        scene = retold(one.scene, interventions, tracks)
        outcome = Outcome(scene, fork.judge(scene), one.latency_ms)
    return outcome


def affordable(
    playing: Playing, span: Span, frames_from: FramesFrom, left_s: Callable[[], float]
) -> Span:
    """The span, or a later part of it when there is no time for all.  Raises OutOfTime."""
    started, before = left_s(), playing.played
    playing.go_on(frames_from, left_s, TIMED)
    left, timed = left_s(), playing.played - before
    each_s = SLACK * (started - left) / timed if timed else 0.0
    if not each_s > 0.0 or span.cost - playing.played <= int(left / each_s):
        return span  # so it is without a deadline, too
    too_many = span.cost - int(left / each_s)
    if too_many > span.changed_from:
        raise OutOfTime
    return span.later(too_many)


def still_time(left_s: Callable[[], float]) -> None:
    if left_s() <= 0.0:
        raise OutOfTime


def counted(frames_from: FramesFrom, stamps: Sequence[int]) -> Iterable[Frame]:
    """The frames with these stamps.  Raises BadInput when one is not there."""
    wanted = iter(stamps)
    stamp = next(wanted)
    for frame in frames_from(stamp):
        if frame.stamp_ns == stamp:
            yield frame
            following = next(wanted, None)
            if following is None:
                return
            stamp = following
    raise BadInput("run", f"frame at {stamp} ns", "its picture is not there")


def targets(scene: Scene, last: Scene, interventions: Sequence[Intervention]) -> list[Track]:
    """The tracks of a scene that are to be dropped, known by where they are in the last one."""
    ids = [found_again(one, last).id for one in interventions if isinstance(one, DropTrack)]
    return [track for track in tracks_of(scene) if track.id in ids]


def found_again(wanted: DropTrack, last: Scene) -> Track:
    """Numbers begin anew when frames are run again, so the place decides.  Raises BadInput."""
    alike = [track for track in tracks_of(last) if track.label == wanted.label]
    best = max(alike, key=lambda track: overlap(track.box, wanted.box), default=None)
    if best is None or overlap(best.box, wanted.box) < FOUND_AGAIN:
        raise BadInput(
            "drop_track", wanted.id, f"the {wanted.label} is not followed when the run is run "
            "again; give it more time with before_s, or mask its box",
        )  # fmt: skip
    return best


def tracks_of(scene: Scene) -> tuple[Track, ...]:
    return scene.tracks.tracks if scene.tracks is not None else ()


def deltas(before: Risk, after: Risk) -> list[tuple[str, float, float]]:
    """Share of every reason's code before and after, the largest change first.

    Shares of one code are added, so that the differences add up to that of the score.
    """
    codes = sorted({reason.code for risk in (before, after) for reason in risk.reasons})
    found = [(code, share_of(before, code), share_of(after, code)) for code in codes]
    return sorted(found, key=lambda one: -abs(one[2] - one[1]))


def share_of(risk: Risk, code: str) -> float:
    return sum(reason.share for reason in risk.reasons if reason.code == code)
