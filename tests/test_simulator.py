"""The simulated street: what the truth says about a frame can be seen in it."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from road_clarity.models.errors import BadInput
from road_clarity.safety.scene import CLASSES
from road_clarity.training import commands
from road_clarity.training.commands import frame_size
from road_clarity.training.simulator.bodies import Body, Moment
from road_clarity.training.simulator.camera import Camera
from road_clarity.training.simulator.danger import gap_m, is_hazardous, time_to_collision_s
from road_clarity.training.simulator.driving import Driver, between, car_following
from road_clarity.training.simulator.look import LOOKS
from road_clarity.training.simulator.night import DARK, STREET_LAMP, beam_at, light_at, places
from road_clarity.training.simulator.scenario import (
    CALM_TWIN,
    LOOK_SHARES,
    SCENARIOS,
    compose,
    moments,
)
from road_clarity.training.simulator.street import Street
from road_clarity.training.simulator.views import OUR_CAR, VIEWS, PedestrianEyes, view_of
from road_clarity.training.simulator.walking import Hold, Style, Walker, lifelike

EGO = Body(0, "saloon", s=0.0, d=-1.75, speed=10.0)  # 4.7 m long


def ahead(gap: float, **how: float) -> Body:
    """A saloon whose rear is `gap` metres before our bumper, in our lane unless told."""
    return Body(1, "saloon", s=gap + 4.7, **{"d": -1.75, **how})


# --- danger -----------------------------------------------------------------------------------


def test_a_standing_car_20_m_ahead_is_hit_in_2_s_at_10_m_per_s() -> None:
    assert time_to_collision_s(EGO, [ahead(20.0)]) == pytest.approx(2.0)


def test_gap_is_measured_from_bumper_to_bumper() -> None:
    assert gap_m(EGO, [ahead(20.0), ahead(35.0)]) == pytest.approx(20.0)


def test_hazardous_means_less_than_1_m_within_3_s() -> None:
    assert is_hazardous(EGO, [ahead(30.9)])  # 0.9 m left after 3 s
    assert not is_hazardous(EGO, [ahead(31.1)])


def test_a_car_that_goes_as_fast_as_we_do_is_no_hazard() -> None:
    assert not is_hazardous(EGO, [ahead(5.0, speed=10.0)])
    assert time_to_collision_s(EGO, [ahead(5.0, speed=10.0)]) is None


def test_a_parked_car_beside_the_lane_is_no_hazard() -> None:
    assert not is_hazardous(EGO, [ahead(20.0, d=-4.65)])
    assert gap_m(EGO, [ahead(20.0, d=-4.65)]) is None


def test_an_oncoming_car_in_its_own_lane_is_no_hazard() -> None:
    assert not is_hazardous(EGO, [ahead(20.0, d=1.75, speed=10.0, heading=np.pi)])


def test_somebody_who_walks_into_our_strip_in_time_is_a_hazard() -> None:
    person = Body(1, "adult", s=22.0, d=-5.0, heading=np.pi / 2, speed=1.5)
    assert is_hazardous(EGO, [person])


def test_somebody_who_walks_along_the_kerb_is_no_hazard() -> None:
    assert not is_hazardous(EGO, [Body(1, "adult", s=22.0, d=-5.0, speed=1.5)])


def test_nobody_behind_us_is_a_hazard() -> None:
    assert not is_hazardous(EGO, [Body(1, "saloon", s=-8.0, d=-1.75, speed=30.0)])


# --- driving ----------------------------------------------------------------------------------


def test_a_free_driver_at_the_wanted_speed_keeps_it() -> None:
    assert car_following(10.0, 10.0, np.inf, 0.0) == 0.0


def test_a_driver_brakes_harder_the_nearer_the_car_ahead() -> None:
    assert car_following(10.0, 10.0, 10.0, 5.0) < car_following(10.0, 10.0, 20.0, 5.0) < 0.0


def test_values_change_smoothly_between_keys() -> None:
    keys = ((1.0, 0.0), (3.0, 8.0))
    assert [between(keys, t) for t in (0.0, 1.5, 2.0, 9.0)] == [0.0, 1.25, 4.0, 8.0]


def test_a_late_driver_gets_closer_than_an_early_one() -> None:
    def closest(reaction_s: float) -> float:
        ego, car = EGO, ahead(32.0)
        driver = Driver(((0, 10.0),), ((0, -1.75),), reaction_s=reaction_s)
        for tick in range(160):
            ego = driver.step(ego, Moment(tick * 0.05, ego, (car,)), 0.05)
        return gap_m(ego, [car]) or 0.0

    assert 0.0 < closest(0.8) < closest(0.0)


def test_who_has_set_off_crosses_although_our_car_stops() -> None:
    walker = Walker(((20.0, -5.0), (20.0, 5.0)), Style(1.0), {0: Hold(until_ego_s=3.0)})
    person, fast, slow = Body(1, "adult", s=20.0, d=-5.0), EGO, replace(EGO, speed=0.0)
    for ego in (fast, *[slow] * 9):
        person = walker.step(person, Moment(0.0, ego, ()), 0.5)
    assert (person.s, person.d) == pytest.approx((20.0, 0.0))


@pytest.mark.parametrize(
    ("name", "dangerous"),
    [("calm_drive", False), ("parked_street", False), ("pedestrian_dart_out", True),
     ("pedestrian_waits", False), ("pedestrian_walks_on", False), ("demo", True)],
)  # fmt: skip
def test_a_story_is_hazardous_where_it_says_so(name: str, dangerous: bool) -> None:
    story = islice(moments(compose(name, 7), fps=10), 120)
    assert any(is_hazardous(one.ego, one.others) for one in story) == dangerous


@pytest.mark.parametrize(("story", "twin"), CALM_TWIN.items())
def test_calm_twins_have_the_same_street_and_people_and_another_end(story: str, twin: str) -> None:
    danger, calm = compose(story, 1), compose(twin, 1)
    assert (danger.street, danger.look, danger.leading) == (calm.street, calm.look, calm.leading)
    assert [body for body, _ in danger.cast] == [body for body, _ in calm.cast]
    paths = [
        [(one.others[-1].s, one.others[-1].d) for one in islice(moments(story, fps=5), 60)]
        for story in (danger, calm)
    ]
    assert paths[0][:5] == paths[1][:5] and paths[0] != paths[1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_story_is_told_twice_the_same(name: str, seed: int) -> None:
    first, second = ([*islice(moments(compose(name, seed), fps=4), 20)] for _ in range(2))
    assert first == second


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="scenario jam: choose one of calm_drive"):
        compose("jam", 0)


def test_the_page_and_the_help_name_every_scenario_and_look() -> None:
    page = (Path(__file__).parents[1] / "docs" / "simulator.md").read_text()
    names = {*SCENARIOS, *LOOKS}
    assert set(LOOK_SHARES) == set(LOOKS)
    for text in (page, inspect.getsource(commands.simulate)):
        assert names <= set(re.findall(r"\w+", text))


@pytest.mark.parametrize("text", ["640", "640x", "641x360", "2x2", "99999x99999"])
def test_an_impossible_size_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="size"):
        frame_size(text)


# --- street and camera ------------------------------------------------------------------------


def test_lines_two_and_three_bound_our_lane() -> None:
    street = Street(lanes=2, oncoming=1)
    lines = street.ego_lines(d=-5.25)  # the outer lane
    assert {number: line.d for number, line in lines.items()} == {1: 0.0, 2: -3.5, 3: -7.0}
    assert [line.dashed for line in street.lines] == [False, True, True, False]


def test_a_level_camera_sees_the_far_road_at_the_horizon() -> None:
    camera = Camera((640, 360), (0.0, 0.0, 1.4), yaw=0.0)
    (near, far), depth = camera.project(np.array([[10.0, 0.0, 0.0], [1e6, 0.0, 0.0]]))
    assert near == pytest.approx((320.0, 180 + 1.4 / 10 * 554.26), abs=0.01)
    assert far == pytest.approx((320.0, 180.0), abs=0.01)
    assert depth == pytest.approx((10.0, 1e6))


def test_what_is_to_the_left_lies_on_the_left_of_the_picture() -> None:
    camera = Camera((640, 360), (0.0, 0.0, 1.4), yaw=0.0)
    pixels, _ = camera.project(np.array([[10.0, 2.0, 1.4]]))
    assert pixels[0] == pytest.approx((320 - 110.85, 180.0), abs=0.01)


# --- walking ----------------------------------------------------------------------------------


def walked(walker: Walker, ego: Body = EGO, seconds: float = 20.0) -> list[Body]:
    """Somebody from (20, -5) on, every 0.1 s; our car keeps its speed."""
    person, steps = Body(1, "adult", s=20.0, d=-5.0), []
    for tick in range(round(seconds * 10)):
        now = replace(ego, s=ego.s + ego.speed * tick * 0.1)
        person = walker.step(person, Moment(tick * 0.1, now, ()), 0.1)
        steps.append(person)
    return steps


def test_who_lets_our_car_pass_sets_off_behind_it() -> None:
    way = ((20.0, -5.0), (20.0, 5.0))
    steps = walked(Walker(way, Style(1.0), {0: Hold(until_ego_s=-1.0)}))
    left = next(tick for tick, one in enumerate(steps) if one.speed > 0)
    assert left * 0.1 == pytest.approx(2.77, abs=0.1)  # bumper beside at 1.765 s, then 1 s more


def test_a_car_that_stands_and_waits_is_an_invitation() -> None:
    way = ((20.0, -5.0), (20.0, 5.0))
    walker = Walker(way, Style(1.0), {0: Hold(until_ego_s=-1.0)})
    assert walked(walker, replace(EGO, s=10.0, speed=0.0))[0].speed == 1.0


def test_who_hesitates_stands_on_the_road_and_goes_on() -> None:
    way = ((20.0, -5.0), (20.0, -3.0), (20.0, 5.0))
    steps = walked(Walker(way, Style(1.0), {1: Hold(pause_s=1.0)}), seconds=12)
    stood = [one.d for one in steps if one.speed == 0 and one.d < 5.0]
    assert len(stood) == pytest.approx(10, abs=1) and set(stood[:9]) == {-3.0}
    assert steps[-1].d == 5.0


def test_lifelike_walkers_sway_and_ebb_as_much_as_the_recorded_ones() -> None:
    rng = np.random.default_rng(0)
    people = [walked(Walker(((20.0, -5.0), (80.0, -5.0)), lifelike(rng, 1.4))) for _ in range(30)]
    speeds = np.array([[one.speed for one in steps[20:]] for steps in people])
    aside = np.array([[one.d for one in steps[20:]] for steps in people])
    assert speeds.mean() == pytest.approx(1.4, abs=0.03)
    assert speeds.std(axis=1).mean() == pytest.approx(0.116, abs=0.02)
    assert aside.std(axis=1).mean() == pytest.approx(0.062, abs=0.012)


def test_a_recorded_walk_gives_its_own_figures_back() -> None:
    from road_clarity.training.simulator.walking_figures import manner

    time = np.arange(40) * 0.4
    way = 1.3 * time + 0.2 * np.sin(2 * np.pi * time / 4)
    walk = np.stack([way, 0.1 * np.sin(2 * np.pi * 1.3 * time / 5)], axis=1)
    pace, ebb, ebb_s, sway, sway_m = manner(walk)
    assert (pace, ebb, ebb_s) == pytest.approx((1.3, 0.21, 4.0), rel=0.1)
    assert (sway, sway_m) == pytest.approx((0.07, 5.0), rel=0.2)


# --- the pedestrian's eyes ---------------------------------------------------------------------


def eyes_of(person: Body, *others: Body, fps: float = 10.0) -> float:
    """Where `person` looks [deg] in street coordinates after two seconds of the same moment."""
    eyes = PedestrianEyes(Street(), person.id, (64, 36), 1 / fps)
    far_away = replace(EGO, s=-200.0)
    for tick in range(20):
        sight = eyes(Moment(tick / fps, far_away, (person, *others)))
    return float(np.degrees(sight.camera.yaw))


WAITING = Body(7, "adult", s=30.0, d=-4.6, heading=np.pi / 2)  # the kerb is at -4.0


def test_who_waits_at_the_kerb_of_an_empty_road_looks_across_it() -> None:
    assert eyes_of(WAITING) == pytest.approx(90.0)


def test_who_waits_at_the_kerb_watches_the_car_that_comes_as_far_as_the_neck_turns() -> None:
    coming = Body(8, "saloon", s=5.0, d=-1.75, speed=10.0)
    assert eyes_of(WAITING, coming) == pytest.approx(170.0, abs=0.1)  # 90 + 80, to the left


def test_nobody_watches_a_car_that_goes_away() -> None:
    leaving = Body(8, "saloon", s=50.0, d=-1.75, speed=10.0)
    assert eyes_of(WAITING, leaving) == pytest.approx(90.0)


def test_who_walks_along_the_pavement_looks_along_the_pavement() -> None:
    walking = replace(WAITING, heading=0.0, speed=1.4)
    assert eyes_of(walking, Body(8, "saloon", s=5.0, d=-1.75, speed=10.0)) == pytest.approx(0.0)


def test_a_head_turns_smoothly() -> None:
    eyes = PedestrianEyes(Street(), WAITING.id, (64, 36), 0.1)
    quiet = Moment(0.0, replace(EGO, s=-200.0), (WAITING,))
    loud = replace(quiet, time_s=0.1, others=(WAITING, Body(8, "saloon", s=5.0, d=-1.75, speed=9)))
    turns = [np.degrees(eyes(moment).camera.yaw) for moment in (quiet, loud, loud)]
    assert turns[0] == pytest.approx(90.0) and 90.0 < turns[1] < turns[2] < 170.0


def test_the_pedestrian_sees_our_car_and_not_itself() -> None:
    sight = PedestrianEyes(Street(), 7, (64, 36), 0.1)(Moment(0.0, EGO, (WAITING,)))
    assert [(body.id, body.model) for body in sight.bodies] == [(OUR_CAR, "saloon")]
    assert sight.camera.position[2] == pytest.approx(0.93 * 1.75)


def test_a_story_without_a_leading_pedestrian_is_filmed_from_the_car_only() -> None:
    with pytest.raises(BadInput, match="view pedestrian: .* choose one of crossing, pedestrian"):
        view_of("pedestrian", compose("calm_drive", 0), (64, 36), 10.0)


# --- pictures ---------------------------------------------------------------------------------


def test_a_lamp_in_the_dark_lights_the_ground_beneath_it() -> None:
    camera = Camera((64, 36), (0.0, 0.0, 1.4), yaw=0.0)
    x, y, z = places(np.full((36, 64), 10.0, np.float32), camera)
    lamps = np.array([[10.0, 0.0]])
    light = light_at(x, y, z, camera, lamps, [])
    assert light[18, 32].tolist() == pytest.approx((DARK + STREET_LAMP).tolist(), rel=0.01)
    assert (light_at(x, y, z, camera, lamps + 200.0, []) == DARK).all()


def test_a_pixel_and_its_depth_give_back_its_place() -> None:
    camera = Camera((640, 360), (3.0, -2.0, 1.4), yaw=0.7, pitch=-0.1)
    pixels, depth = camera.project(np.array([[14.0, 9.0, 2.0]]))
    column, row = np.floor(pixels[0]).astype(int)
    x, y, z = places(np.full((360, 640), depth[0], np.float32), camera)
    assert (x[row, column], y[row, column], z[row, column]) == pytest.approx((14, 9, 2), abs=0.03)


def test_headlamps_light_the_road_ahead_and_nothing_behind() -> None:
    x = np.array([[-5.0, 8.0, 8.0]], np.float32)
    y = np.array([[0.0, 0.0, 9.0]], np.float32)
    behind, ahead, aside = beam_at(x, y, np.zeros_like(x), (0.0, 0.0, 0.0))[0]
    assert behind == 0.0 and ahead == pytest.approx(0.9) and aside < 0.001


@pytest.fixture(scope="module")
def frame():
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate

    return next(simulate(3, "crossing", size=(640, 360), fps=10, seconds=0.1))


def test_boxes_hold_exactly_what_is_seen_of_their_objects(frame) -> None:
    assert len(frame.truth.instances) > 5
    for one in frame.truth.instances:
        rows, columns = np.nonzero(frame.truth.identities == one.id)
        assert len(rows) == one.pixels
        assert one.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_objects_wear_the_class_of_their_label(frame) -> None:
    for one in frame.truth.instances:
        kinds = {CLASSES[k] for k in frame.truth.classes[frame.truth.identities == one.id]}
        assert kinds <= ({"Car"} if one.label == "vehicle" else {"Pedestrian", "Bicyclist"})


def test_the_right_edge_line_is_painted_white_where_the_truth_says_so(frame) -> None:
    edge = next(lane for lane in frame.truth.lanes if lane.id == 3)
    brightness = frame.image.astype(int).min(axis=2)
    on_road = frame.truth.classes == CLASSES.index("Road")
    near = [(int(x), int(y)) for x, y in edge.points if y > 230 and on_road[int(y), int(x)]]
    assert len(near) > 5
    assert all(brightness[y, x] > brightness[y, x - 12] + 60 for x, y in near)


def test_sky_is_above_road(frame) -> None:
    rows = {name: np.nonzero(frame.truth.classes == CLASSES.index(name))[0] for name in CLASSES}
    assert rows["Sky"].max() < 200 < np.median(rows["Road"])


def test_depth_is_right_on_the_road_ahead(frame) -> None:
    view = Camera((640, 360), (0.0, 0.0, 1.4), yaw=0.0, pitch=np.radians(-1.5))
    pixels, depth = view.project(np.array([[8.0, 0.0, 0.0], [20.0, 0.0, 0.0]]))
    seen = [frame.truth.depth_m[int(y), int(x)] for x, y in pixels]
    assert seen == pytest.approx(depth, rel=0.05)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate
    from road_clarity.training.simulator.record import record

    digests = []
    for name in ("first", "second"):
        frames = simulate(5, "lane_drift", size=(128, 72), fps=5, seconds=0.6)
        paths = record(frames, tmp_path / name, 5).files.values()
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
    assert digests[0] == digests[1]


def test_a_film_lies_beside_its_truth_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate
    from road_clarity.training.simulator.record import record

    frames = simulate(1, "crossing", size=(64, 36), fps=2, seconds=1)
    record(frames, tmp_path / "clip.mp4", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "clip.truth.jsonl"]
    rows = [json.loads(line) for line in (tmp_path / "clip.truth.jsonl").read_text().splitlines()]
    assert [row["stamp_ns"] for row in rows] == [0, 500_000_000]
    assert rows[0]["ego"]["s_m"] == 0.0


def test_both_views_of_a_moment_agree_on_the_danger_and_differ_in_the_picture() -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate

    car, eyes = (list(simulate(3, "pedestrian_dart_out", (64, 36), 2, 5.0, view)) for view in VIEWS)
    assert [one.truth.ego for one in car] == [one.truth.ego for one in eyes]
    assert any((a.image != b.image).any() for a, b in zip(car, eyes, strict=True))
    leading = eyes[0].truth.viewer.id
    assert all((one.truth.identities != leading).all() and not one.truth.lanes for one in eyes)


@pytest.mark.parametrize(("look", "low", "high"), [("night", 5, 60), ("fog", 120, 220)])
def test_a_look_can_be_asked_for(look: str, low: float, high: float) -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate

    (one,) = simulate(3, "calm_drive", size=(64, 36), fps=1, seconds=1, look=look)
    assert low < one.image.mean() < high


def test_an_unknown_look_is_refused_with_the_known_ones() -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate

    with pytest.raises(BadInput, match="look snow: choose one of day, overcast"):
        simulate(3, "calm_drive", look="snow")


def test_the_shortest_film_has_one_frame() -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate

    assert len(list(simulate(1, "calm_drive", size=(64, 36), fps=1, seconds=0.1))) == 1


@pytest.fixture(scope="module")
def clip():
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate

    return list(simulate(1, "pedestrian_dart_out", size=(64, 36), fps=2, seconds=1.5))


def test_a_shard_gives_back_what_went_in(tmp_path: Path, clip) -> None:
    from road_clarity.training.simulator.record import record
    from road_clarity.training.simulator.shard import read_shard

    made = record(clip, tmp_path / "clip.npz", 2)
    shard = read_shard(made.files["shard"])
    assert (made.frames, [*tmp_path.iterdir()]) == (3, [tmp_path / "clip.npz"])
    assert (shard.images[2] == clip[2].image).all()
    assert (shard.classes[1] == clip[1].truth.classes).all()
    assert shard.stamp_ns.tolist() == [0, 500_000_000, 1_000_000_000]
    mine = shard.box_frame == 1
    assert shard.box_id[mine].tolist() == [one.id for one in clip[1].truth.instances]
    assert shard.boxes[mine].tolist() == [list(one.box) for one in clip[1].truth.instances]


def test_what_is_no_shard_is_refused(tmp_path: Path) -> None:
    from road_clarity.training.simulator.shard import read_shard

    (tmp_path / "other.npz").write_bytes(b"no zip")
    with pytest.raises(BadInput, match="is no shard"):
        read_shard(tmp_path / "other.npz")


def test_a_bag_holds_pictures_camera_and_truth(tmp_path: Path, clip) -> None:
    from mcap.reader import make_reader

    from road_clarity.training.simulator.bag import DEPTH, IMAGE, INFO, SCENE, TOPICS, TYPES
    from road_clarity.training.simulator.record import record

    bag = record(clip, tmp_path / "clip.mcap", 2).files["bag"]
    with bag.open("rb") as file:
        found = [(channel.topic, message) for _, channel, message in
                 make_reader(file).iter_messages()]  # fmt: skip
    by_topic = {name: [TYPES.deserialize_cdr(one.data, TOPICS[name]) for topic, one in found
                       if topic == name] for name in TOPICS}  # fmt: skip
    assert {name: len(all_) for name, all_ in by_topic.items()} == dict.fromkeys(TOPICS, 3)
    assert by_topic[INFO][0].k[0] == pytest.approx(32 / np.tan(np.radians(30)))
    assert json.loads(by_topic[SCENE][1].data)["stamp_ns"] == 500_000_000
    picture = cv2.imdecode(by_topic[IMAGE][0].data, cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(picture.astype(int) - clip[0].image).mean() < 6
    depth = cv2.imdecode(by_topic[DEPTH][0].data, cv2.IMREAD_UNCHANGED)
    assert depth[-1, 32] == pytest.approx(clip[0].truth.depth_m[-1, 32] * 1000, abs=1)


@pytest.mark.parametrize("name", ["clip.mcap", "clip.npz"])
def test_bags_and_shards_have_the_same_bytes_each_time(tmp_path: Path, clip, name: str) -> None:
    from road_clarity.training.simulator.record import record

    bytes_ = []
    for folder in ("first", "second"):
        record(clip, tmp_path / folder / name, 2)
        bytes_.append((tmp_path / folder / name).read_bytes())
    assert bytes_[0] == bytes_[1]


def test_training_samples_go_from_scenario_to_scenario() -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.samples import training_samples

    samples = [*islice(training_samples(0, (64, 36), every_s=0.5, per_scene=2), 4)]
    assert [one.stamp_ns for one in samples] == [0, 500_000_000, 0, 500_000_000]
    assert all(one.image.shape == (36, 64, 3) for one in samples)


def test_a_film_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    pytest.importorskip("panda3d")
    from road_clarity.training.simulator.film import simulate
    from road_clarity.training.simulator.record import record

    def breaks_off():
        yield next(simulate(1, "crossing", size=(64, 36), fps=2, seconds=0.5))
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        record(breaks_off(), tmp_path / "clip.mp4", 2)
    assert list(tmp_path.iterdir()) == []
