"""What if: pictures painted over, parts of the scene taken away, and what the watch then says."""

import json
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from made_drive import made_scene, street
from made_run import MadePerception

from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.pipeline.counterfactual import (
    OutOfTime,
    Pasts,
    Span,
    deltas,
    probe,
    span_of,
)
from road_clarity.pipeline.evidence.provenance import parameters_of
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.interventions import (
    DropLane,
    DropTrack,
    Empty,
    Inpaint,
    Mask,
    Missing,
    overlap,
    repainted,
    retold,
)
from road_clarity.pipeline.perception import Perception
from road_clarity.pipeline.presets import override, preset, weight_names
from road_clarity.pipeline.run_folder import SUMMARY, write_json
from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.scene import Fault, Reason, Risk, Scene
from road_clarity.safety.watch import Watch
from road_clarity.service.errors import Refusal
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.run_prober import RunProber

PERSON = DropTrack(7, "person", (20.0, 10.0, 30.0, 40.0))
STAMPS = [0, 100, 200, 300, 400]


def patience():
    return 60.0


def frames_from(start):
    return (Frame(i, s, street(10 * i)) for i, s in enumerate(STAMPS) if s >= start)


def test_a_masked_part_takes_the_colour_around_it_and_nothing_else_changes():
    image = np.full((20, 20, 3), 100, np.uint8)
    image[8:12, 8:12] = 250
    changed = repainted(image, [Mask((8.0, 8.0, 12.0, 12.0))])
    assert (changed == 100).all() and image[9, 9, 0] == 250


@pytest.mark.parametrize("kind", [Mask, Inpaint])
@pytest.mark.parametrize("box", [(0.0, 0.0, 64.0, 48.0), (63.5, 47.5, 64.0, 48.0)])
def test_a_box_may_fill_the_frame_or_lie_in_its_corner(kind, box):
    changed = repainted(street(), [kind(box)])
    assert changed.shape == (48, 64, 3)


def test_an_inpainted_part_goes_on_as_its_border_does():
    image = np.repeat(np.linspace(0, 250, 40, dtype=np.uint8)[None, :, None], 40, 0).repeat(3, 2)
    holed = image.copy()
    holed[18:22, 18:22] = 255
    filled = repainted(holed, [Inpaint((18.0, 18.0, 22.0, 22.0))])
    assert np.abs(filled.astype(int) - image).max() <= 8


def test_a_lane_or_a_whole_part_can_be_taken_away():
    scene = made_scene(0, 0)
    assert [lane.id for lane in retold(scene, [DropLane(2)]).lanes.lanes] == [3]
    assert retold(scene, [Empty("tracks")]).tracks.tracks == ()
    assert retold(scene, [Missing("lanes")]).lanes is None


def test_a_part_that_failed_is_no_fault_once_it_is_replaced():
    scene = replace(made_scene(0, 0), world=None, faults=(Fault("world.failed", "nan"),))
    calm = retold(scene, [Empty("world")])
    assert (calm.faults, calm.world.error_p, calm.world.surprise_p) == ((), 1.0, 1.0)


def test_only_the_dropped_object_goes():
    scene = made_scene(0, 0)
    person = scene.tracks.tracks[0]
    moved = replace(person, box=(40.0, 10.0, 50.0, 40.0))
    assert retold(scene, [], [person]).tracks.tracks == ()
    assert retold(scene, [], [moved]).tracks.tracks == (person,)


@pytest.mark.claim("what_if")
def test_without_the_person_there_is_no_risk():
    found = probe(MadePerception(), frames_from, Span(STAMPS, 3), [PERSON], patience)
    assert (found.before.risk.score, found.after.risk.score) == (0.8, 0.0)
    assert deltas(found.before.risk, found.after.risk) == [("corridor.person", 0.8, 0.0)]
    assert (found.span.cost, found.truncated) == (7, False)


@pytest.mark.claim("what_if")
def test_without_an_effective_change_both_sides_are_the_same():
    found = probe(MadePerception(), frames_from, Span(STAMPS, 0), [DropLane(4)], patience)
    assert found.before.risk == found.after.risk


def test_a_track_that_is_not_followed_again_is_named():
    elsewhere = DropTrack(3, "person", (0.0, 0.0, 5.0, 5.0))
    with pytest.raises(BadInput, match="drop_track 3: the person is not followed"):
        probe(MadePerception(), frames_from, Span(STAMPS, 3), [elsewhere], patience)


def test_with_little_time_less_of_the_run_is_run_again():
    left = [7.0]

    class Slow(MadePerception):
        def fork(self):
            return Slow()

        def step(self, frame, told=lambda scene: scene):
            left[0] -= 1.0
            return super().step(frame, told)

    # Three frames leave 4 s, which is enough for 2 more frames of 1.6 s, not for the 3 that wait.
    found = probe(Slow(), frames_from, Span(STAMPS, 4), [PERSON], lambda: left[0])
    assert found.truncated and found.span.stamps[-1] == 400
    assert (found.span.stamps, found.span.cost) == ([400], 2)
    left[0] = 4.0
    with pytest.raises(OutOfTime):
        probe(Slow(), frames_from, Span(STAMPS, 0), [PERSON], lambda: left[0])


def counting():
    """A pipeline that counts what goes through it and through its forks."""
    steps = []

    class Counting(MadePerception):
        def fork(self):
            return Counting()

        def step(self, frame, told=lambda scene: scene):
            steps.append(frame.stamp_ns)
            return super().step(frame, told)

    return Counting(), steps


def test_a_second_question_about_a_frame_does_not_run_its_past_again():
    pipeline, steps = counting()
    pasts, span = Pasts(), Span(STAMPS, 3, twice=False)
    first = probe(pipeline, frames_from, span, [PERSON], patience, pasts)
    assert len(steps) == 5
    steps.clear()
    again = probe(pipeline, frames_from, span, [PERSON], patience, pasts)
    assert steps == []
    assert (again.before.risk, again.after.risk) == (first.before.risk, first.after.risk)
    assert (again.image == first.image).all()
    probe(pipeline, frames_from, Span(STAMPS, 3), [Mask(PERSON.box)], patience, pasts)
    assert steps == [300, 400]  # only what the networks see otherwise
    steps.clear()
    probe(pipeline, frames_from, Span(STAMPS, 2), [PERSON], patience, pasts)
    assert len(steps) == 5 + 3  # it begins elsewhere, so it is another past


def test_only_the_last_pasts_are_kept():
    pasts = Pasts()
    for first in range(5):
        probe(MadePerception(), frames_from, Span(STAMPS, first), [PERSON], patience, pasts)
    found = [pasts.find(Span(STAMPS, first)) is not None for first in range(5)]
    assert found == [False, True, True, True, True]


def test_a_caller_who_left_stops_the_work_at_the_next_frame():
    steps = []

    class Counting(MadePerception):
        def fork(self):
            return Counting()

        def step(self, frame, told=lambda scene: scene):
            steps.append(frame.index)
            return super().step(frame, told)

    with pytest.raises(OutOfTime):
        probe(Counting(), frames_from, Span(STAMPS, 3), [PERSON], lambda: -1.0 if steps else 9.0)
    assert steps == [0]


def test_a_frame_without_its_picture_is_missed():
    with pytest.raises(BadInput, match="its picture is not there"):
        probe(MadePerception(), lambda start: iter(()), Span(STAMPS, 3), [PERSON], patience)


@pytest.mark.parametrize(("during", "first"), [(0, 4), (100, 3), (150, 3), (1000, 0)])
def test_the_frame_asked_about_is_always_changed(during, first):
    assert span_of(STAMPS, during, [PERSON]).changed_from == first


def test_the_networks_look_again_only_where_the_picture_changes():
    told, seen = span_of(STAMPS, 100, [PERSON]), span_of(STAMPS, 100, [Mask(PERSON.box), PERSON])
    assert (told.cost, seen.cost) == (5, 7)


@pytest.mark.parametrize("twice", [True, False])
def test_what_the_watch_is_told_counts_the_same_either_way(twice):
    found = probe(MadePerception(), frames_from, Span(STAMPS, 3, twice), [PERSON], patience)
    assert (found.after.risk.score, found.after.scene.tracks.tracks) == (0.0, ())
    assert found.image[40, 0, 0] == 40


def test_deltas_add_up_to_that_of_the_score_where_a_code_speaks_twice():
    twice = (Reason("a", 0.25, None, ""), Reason("a", 0.25, None, ""), Reason("b", 0.125, None, ""))
    before, after = Risk(0, 0.625, "high", twice), Risk(0, 0.25, "nominal", twice[:1])
    assert deltas(before, after) == [("a", 0.5, 0.25), ("b", 0.125, 0.0)]


def test_overlap_of_boxes():
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (1, 0, 2, 1)) == 0.0


def test_a_missing_part_makes_the_risk_unknown_in_the_real_watch():
    scene: Scene = made_scene(0, 0)
    risk = Watch(SafetyConfig()).assess(retold(scene, [Missing("lanes")]), 0)
    assert risk.level == "unknown" and "lanes.missing" in [r.code for r in risk.reasons]


def needs_networks():
    if not {"scnn_edge", "ffnet_edge", "lorat_edge", "vae_edge"} <= set(weights.names()):
        pytest.skip("the networks are not published")


def run_judged_with(path, config, **models):
    """A finished run of no frames that says its settings and weights."""
    said = {name: {"sha256": weights.read_card(name).sha256} for name in weight_names(config)}
    said |= {name: {"sha256": sha256} for name, sha256 in models.items()}
    (path / "frames.jsonl").touch()
    summary = {"models": said, "parameters": {}, "settings": parameters_of(config), "digest": ""}
    write_json(path / SUMMARY, summary)
    return path


def test_the_pipeline_is_that_of_the_run(tmp_path):
    needs_networks()
    config = override(preset("tiny"), ["safety.high=0.7"])
    prober = RunProber(run_judged_with(tmp_path, config))
    assert prober._perception.config == config


def test_a_run_of_other_weights_is_refused_in_one_sentence(tmp_path):
    needs_networks()
    run = run_judged_with(tmp_path, preset("tiny"), vae_edge="ab" * 32)
    with pytest.raises(Refusal, match="judged with other weights: vae_edge was abababab, is "):
        RunProber(run)


def test_networks_that_something_else_runs_now_are_named(tmp_path):
    needs_networks()
    run = run_judged_with(tmp_path, preset("tiny"))
    summary = json.loads((run / SUMMARY).read_bytes())
    summary["models"]["scnn_edge"] |= {"backend": "openvino", "precision": "bf16"}
    summary["models"]["vae_edge"] |= {"backend": "torch", "precision": "fp32"}
    write_json(run / SUMMARY, summary)
    (said,) = RunProber(run).run_otherwise
    assert said.startswith("scnn_edge ran on openvino bf16, runs on torch ")


def drive(count):
    """A street of noise that goes by, every 0.1 s."""
    noise = np.random.default_rng(1).integers(0, 255, (72, 128, 3)).astype(np.uint8)
    return [Frame(i, i * 100_000_000, np.roll(noise, i, 1)) for i in range(count)]


@pytest.mark.parametrize(
    ("change", "differs"),
    [(DropLane(4), False), (Missing("world"), True), (Mask((0.0, 0.0, 64.0, 72.0)), True)],
)
def test_the_real_pipeline_differs_only_by_what_changes(change, differs, tmp_path):
    needs_networks()
    frames, stamps = drive(5), [i * 100_000_000 for i in range(5)]
    span = span_of(stamps, 100_000_000, [change])
    prober = RunProber(run_judged_with(tmp_path, preset("tiny")))
    ask = partial(
        prober.probe, lambda start: (frame for frame in frames if frame.stamp_ns >= start),
        span, [change], Deadline(math.inf),
    )  # fmt: skip
    found, again = ask(), ask()
    assert (again.before.risk, again.after.risk) == (found.before.risk, found.after.risk)
    before, after = found.before.scene.world, found.after.scene.world
    assert (after is None or after.error != before.error) is differs


def test_a_fork_of_the_pipeline_shares_its_networks_and_not_its_memory():
    needs_networks()
    one = Perception.from_preset("tiny", "cpu")
    *earlier, last = drive(3)
    for frame in earlier:
        one.step(frame)
    other = one.fork()
    assert all(a is b for a, b in zip(one.networks, other.networks, strict=True))
    first, again = other.step(last), one.step(last)
    assert first.risk == again.risk
    assert first.scene.world.surprise == again.scene.world.surprise


@pytest.mark.parametrize(("what", "change"), [("lanes", DropLane(3)), ("world", Empty("lanes"))])
def test_nan_from_a_network_stays_unknown_whatever_else_changes(what, change):
    def broken(scene):
        if what == "lanes":
            line = replace(scene.lanes.lanes[0], points=((1.0, 2.0), (float("nan"), 3.0)))
            return replace(scene, lanes=replace(scene.lanes, lanes=(line,)))
        return replace(scene, world=replace(scene.world, error=float("nan")))

    risk = Watch(SafetyConfig()).assess(retold(broken(made_scene(0, 0)), [change]), 0)
    assert risk.level == "unknown"
