"""What is played ahead of a what-if question is the same work, only earlier: same answers."""

import math
from dataclasses import replace

import pytest
from made_run import MadePerception
from test_counterfactual import (
    PERSON,
    STAMPS,
    drive,
    frames_from,
    needs_networks,
    patience,
    run_judged_with,
)

from road_clarity.pipeline.counterfactual import (
    OutOfTime,
    Pasts,
    Span,
    play_ahead,
    probe,
    span_of,
)
from road_clarity.pipeline.interventions import DropLane
from road_clarity.pipeline.presets import preset
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.run_prober import RunProber


def remembering():
    """A pipeline whose score tells how many frames it has seen, and of what numbers."""
    steps = []

    class Remembering(MadePerception):
        def __init__(self, seen=()):
            self.seen = seen

        def fork(self):
            return Remembering(self.seen)

        def restart(self):
            self.seen = ()

        def step(self, frame, told=lambda scene: scene):
            steps.append(frame.stamp_ns)
            self.seen += (frame.index,)
            return super().step(frame, told)

        def judge(self, scene):
            return replace(super().judge(scene), score=float(sum(self.seen)) + len(self.seen))

    return Remembering(), steps


def times_out_after(frames, steps):
    return lambda: 60.0 if len(steps) < frames else -1.0


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_what_was_played_ahead_is_gone_on_with_to_the_same_answer(frames):
    fresh, _ = remembering()
    expected = probe(fresh, frames_from, Span(STAMPS, 3), [PERSON], patience)
    pipeline, steps = remembering()
    pasts = Pasts()
    with pytest.raises(OutOfTime):
        play_ahead(
            pipeline, frames_from, Span(STAMPS, 3, twice=False), times_out_after(frames, steps),
            pasts,
        )  # fmt: skip
    assert len(steps) == frames
    found = probe(pipeline, frames_from, Span(STAMPS, 3), [PERSON], patience, pasts)
    assert steps == [*STAMPS, 300, 400]  # each once, then with the change
    assert (found.before.risk, found.after.risk) == (expected.before.risk, expected.after.risk)
    assert (found.image == expected.image).all()


def test_all_that_was_played_ahead_is_only_retold():
    pipeline, steps = remembering()
    pasts = Pasts()
    for _ in range(2):
        play_ahead(pipeline, frames_from, Span(STAMPS, 3, twice=False), patience, pasts)
    assert steps == STAMPS
    probe(pipeline, frames_from, Span(STAMPS, 3, twice=False), [PERSON], patience, pasts)
    assert steps == STAMPS


def test_what_was_begun_for_another_frame_is_not_gone_on_with():
    pipeline, steps = remembering()
    pasts = Pasts()
    with pytest.raises(OutOfTime):
        play_ahead(pipeline, frames_from, Span(STAMPS, 3), times_out_after(2, steps), pasts)
    steps.clear()
    probe(pipeline, frames_from, Span(STAMPS[1:], 3, False), [PERSON], patience, pasts)
    assert steps == STAMPS[1:]


def test_the_real_pipeline_gives_the_same_answer_when_it_was_interrupted_before(tmp_path):
    needs_networks()
    frames, stamps = drive(5), [i * 100_000_000 for i in range(5)]
    span = span_of(stamps, 100_000_000, [DropLane(3)])
    run = run_judged_with(tmp_path, preset("tiny"))

    def pictures(start):
        return (frame for frame in frames if frame.stamp_ns >= start)

    fresh, ahead = RunProber(run), RunProber(run)
    expected = fresh.probe(pictures, span, [DropLane(3)], Deadline(math.inf))
    gone = Deadline(math.inf)

    def until_somebody_comes(start):
        for frame in pictures(start):
            if frame.index == 2:
                gone.gone.set()
            yield frame

    with pytest.raises(OutOfTime):
        ahead.play_ahead(until_somebody_comes, span, gone)
    found = ahead.probe(pictures, span, [DropLane(3)], Deadline(math.inf))
    assert (found.before.risk, found.after.risk) == (expected.before.risk, expected.after.risk)
    assert found.before.scene.world.surprise == expected.before.scene.world.surprise
