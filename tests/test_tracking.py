"""Tracks: when they begin, are believed and end; and how many people they find."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from road_clarity.evaluation.objects import Looked, at_few_false, matches, rates, read_cvml
from road_clarity.models.errors import BadInput
from road_clarity.models.lorat import Lorat, Regions
from road_clarity.models.vit import VitSize
from road_clarity.pipeline.finder import Candidate
from road_clarity.pipeline.lorat_tracker import Found, LoratTracker, Template
from road_clarity.pipeline.targets import (
    Target,
    TrackerConfig,
    agreements,
    alive,
    has_left,
    unexplained,
    urgency,
)
from road_clarity.safety.boxes import overlap

NOTHING = Template(torch.zeros(3, 28, 28), torch.zeros(2, 2, dtype=torch.long), torch.zeros(3))
SIZE = (100, 100)


def person(name: int, box: tuple[float, float, float, float], **more: float) -> Target:
    return Target(name, "person", box, NOTHING, 0.9, **{"found": 3, "evidence": 0.4, **more})


def maybe(score: float) -> Target:
    """Somebody who is perhaps there, at (0, 0, 10, 30)."""
    return Target(-1, "person", (0, 0, 10, 30), None, score, evidence=score - 0.62)


def see(target: Target, x: float, score: float) -> None:
    """A tenth of a second later the detector sees it at x."""
    target.move(0.1)
    target.see(Candidate("person", (x, 0, x + 10, 30), score))
    target.weigh(score, TrackerConfig())


def seen(*box: float, label: str = "person") -> Candidate:
    return Candidate(label, box, 0.8)  # type: ignore[arg-type]


def tracker() -> LoratTracker:
    torch.manual_seed(0)
    regions = Regions(template_px=28, search_px=56, search_factor=4.0)
    return LoratTracker(Lorat(VitSize(width=12, depth=1, heads=2), regions).eval(), "cpu")


def test_two_boxes_that_share_a_third_of_their_area():
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)


def test_a_found_target_moves_and_an_uncertain_answer_moves_nothing():
    one = person(1, (0, 0, 10, 10))
    one.follow(Found((2, 0, 12, 10), 0.9), min_confidence=0.3)
    assert (one.box, one.lost, one.age, one.unseen) == ((1, 0, 11, 10), 0, 1, 1)  # half way
    one.follow(Found((50, 0, 60, 10), 0.2), min_confidence=0.3)
    assert (one.box, one.lost, one.age) == ((1, 0, 11, 10), 1, 2)


def test_a_detection_belongs_to_the_track_of_its_kind_that_overlaps_it_best():
    near, far = person(1, (0, 0, 10, 10)), person(2, (4, 0, 14, 10))
    car = seen(0, 0, 10, 10, label="vehicle")
    wanted = seen(3, 0, 13, 10)
    assert agreements([near, far], [car, wanted], least=0.3) == {2: wanted}


def test_of_two_boxes_around_the_same_person_the_surer_is_taken():
    walker = person(1, (0, 0, 10, 30))
    nearer, surer = (
        Candidate("person", (1, 0, 11, 30), 0.6),
        Candidate("person", (4, 0, 14, 30), 0.9),
    )
    assert agreements([walker], [nearer, surer], least=0.3) == {1: surer}
    far = Candidate("person", (40, 0, 50, 30), 0.9)
    assert agreements([walker], [nearer, far], least=0.3) == {1: nearer}


def test_only_whom_no_track_explains_begins_one():
    beside = seen(40, 0, 50, 10)
    assert unexplained([seen(1, 0, 11, 10), beside], [person(1, (0, 0, 10, 10))], SIZE) == [beside]


def test_somebody_before_a_far_car_is_not_explained_by_it_nor_its_twin():
    car = Target(1, "vehicle", (45, 40, 55, 50), NOTHING, 0.9)
    walker = seen(40, 30, 60, 90)
    assert unexplained([walker], [car], SIZE) == [walker]
    track = person(2, walker.box)
    assert alive([car, track], SIZE, TrackerConfig()) == [car, track]


def test_whoever_is_near_and_ahead_comes_first_and_people_before_vehicles():
    near, far = seen(45, 60, 55, 90), seen(45, 40, 55, 60)
    beside, car = seen(0, 60, 10, 90), seen(45, 60, 55, 90, label="vehicle")
    ranked = sorted([far, car, beside, near], key=lambda one: -urgency(one, SIZE))
    assert ranked == [near, car, far, beside]


def test_whom_the_detector_sees_is_where_it_says():
    one = person(1, (0, 0, 10, 10), lost=2, unseen=2)
    one.move(1.0)  # so long after, the old place says little
    one.see(seen(2, 0, 12, 10))
    assert one.box == pytest.approx((2, 0, 12, 10), abs=0.01)
    assert one.confidence == 0.8
    assert (one.age, one.found, one.lost, one.unseen) == (1, 4, 0, 0)


def test_whom_nobody_looked_for_was_not_found():
    one = person(1, (0, 0, 10, 10))
    one.follow(None, min_confidence=0.3)
    assert (one.box, one.lost, one.unseen, one.confidence) == ((0, 0, 10, 10), 1, 1, 0.0)


def test_a_person_who_stepped_out_of_the_box_is_the_same_a_vehicle_is_not():
    walker, moved = person(1, (0, 0, 10, 30)), seen(10, 0, 20, 30)
    assert agreements([walker], [moved], least=0.3) == {1: moved}
    car = Target(2, "vehicle", (0, 0, 10, 30), NOTHING, 0.9)
    assert agreements([car], [seen(10, 0, 20, 30, label="vehicle")], least=0.3) == {}


def test_a_track_ends_when_it_is_lost_or_the_detector_misses_it_for_long():
    config = TrackerConfig(lost_frames=5, unseen_frames=6)
    going = person(1, (0, 20, 10, 40))
    lost, unseen = person(2, (30, 20, 40, 40), lost=5), person(3, (60, 20, 70, 40), unseen=6)
    assert alive([unseen, lost, going], SIZE, config) == [going]


def test_a_track_is_shown_when_it_was_found_often_and_seen_lately():
    config = TrackerConfig(confirm_frames=3, hidden_frames=2)
    new, lost = person(1, (0, 0, 9, 9), found=2), person(2, (0, 0, 9, 9), lost=1)
    alone, good = person(3, (0, 0, 9, 9), unseen=3), person(4, (0, 0, 9, 9), unseen=2)
    assert [one.is_believed(config) for one in (new, lost, alone, good)] == [False] * 3 + [True]


def test_whom_the_detector_saw_badly_is_not_shown_where_it_does_not_see_him():
    config = TrackerConfig()
    well, badly = (person(n, (0, 0, 9, 9), unseen=1, evidence=e) for n, e in ((1, 0.25), (2, 0.1)))
    assert [one.is_believed(config) for one in (well, badly)] == [True, False]
    badly.unseen = 0
    assert badly.is_believed(config)


def test_one_high_score_tells_of_somebody_and_one_low_one_does_not():
    assert [maybe(score).is_there(TrackerConfig(), 100) for score in (0.8, 0.7)] == [True, False]


def test_a_near_vehicle_is_believed_at_a_lower_score_than_a_far_one_or_a_person():
    config, box = TrackerConfig(), (0, 0, 30, 30)
    car, walker = (Target(-1, label, box, None, 0.72) for label in ("vehicle", "person"))
    assert [car.is_there(config, height) for height in (400, 500)] == [True, False]
    assert not walker.is_there(config, 400)


def test_a_walker_who_is_seen_badly_again_and_again_is_somebody():
    one = maybe(0.68)
    see(one, 4.0, 0.68)
    assert not one.is_there(TrackerConfig(), 100)
    see(one, 8.0, 0.68)
    assert one.is_there(TrackerConfig(), 100)  # three times 0.06 above the score that says nothing


def test_a_sign_that_looks_like_a_person_in_every_frame_does_not_become_one():
    one = maybe(0.7)
    for _ in range(100):
        see(one, 0.0, 0.7)
    assert not one.is_there(TrackerConfig(), 100)


def test_a_track_that_goes_over_to_a_sign_is_hidden_after_two_seconds_and_one_who_stands_is_not():
    sign, stands = person(1, (0, 0, 10, 30)), person(2, (0, 0, 10, 30))
    for _ in range(25):
        see(sign, 0.0, 0.7)
        see(stands, 0.0, 0.8)
    assert [one.is_believed(TrackerConfig()) for one in (sign, stands)] == [False, True]
    see(sign, 5.0, 0.7)
    see(sign, 5.0, 0.7)
    assert sign.is_believed(TrackerConfig())  # it has moved


def test_the_same_score_says_less_for_a_vehicle():
    assert TrackerConfig().excess("person", 0.7) == pytest.approx(0.08)
    assert TrackerConfig().excess("vehicle", 0.7) == pytest.approx(0.0)


def test_whoever_is_perhaps_there_is_given_up_after_two_frames_unseen():
    one = maybe(0.6)
    one.follow(None, min_confidence=0.3)
    assert alive([one], SIZE, TrackerConfig()) == [one]
    one.follow(None, min_confidence=0.3)
    assert alive([one], SIZE, TrackerConfig()) == []


def test_a_track_of_less_confidence_than_asked_for_is_not_shown():
    one = person(1, (0, 0, 9, 9))
    shown = [one.is_believed(TrackerConfig(shown_confidence=least)) for least in (0.85, 0.95)]
    assert shown == [True, False]


def test_of_two_tracks_on_one_person_the_older_stays():
    older, younger = person(1, (0, 20, 20, 60)), person(2, (2, 20, 20, 60))
    assert alive([younger, older], SIZE, TrackerConfig()) == [older]


def test_of_two_tracks_on_one_person_the_one_that_the_detector_sees_stays():
    strayed, seen_now = person(1, (0, 20, 20, 60), unseen=1), person(2, (2, 20, 20, 60))
    assert alive([strayed, seen_now], SIZE, TrackerConfig()) == [seen_now]


def test_a_car_half_hidden_by_the_next_in_the_row_is_another_a_person_is_not():
    boxes = (20, 20, 60, 50), (45, 20, 70, 45)  # three fifths of the second lie in the first
    row, pair = ([Target(n, label, box, NOTHING, 0.9, found=3) for n, box in enumerate(boxes)]
                 for label in ("vehicle", "person"))  # fmt: skip
    assert alive(row, SIZE, TrackerConfig()) == row
    assert alive(pair, SIZE, TrackerConfig()) == pair[:1]
    row[1].unseen = 1  # and nobody else tells of it
    assert alive(row, SIZE, TrackerConfig()) == row[:1]


def test_whoever_steps_out_is_shown_in_the_first_frame_that_surely_sees_them():
    one = Target(-1, "person", (0, 0, 10, 30), None, 0.8)
    assert one.is_there(TrackerConfig(), 100)
    one.template = NOTHING
    assert one.is_believed(TrackerConfig())
    assert not one.is_believed(TrackerConfig(confirm_frames=2))


def test_a_new_track_that_is_not_found_at_once_was_none():
    assert alive([person(1, (0, 20, 10, 40), found=1, lost=1)], SIZE, TrackerConfig()) == []


def test_a_sliver_at_the_border_has_left_the_image_but_a_thin_pole_inside_has_not():
    assert has_left((96.0, 20.0, 100.0, 60.0), SIZE)
    assert not has_left((50.0, 20.0, 54.0, 60.0), SIZE)


def test_nobody_costs_nothing():
    one = tracker()
    one._network = None  # type: ignore[assignment]  # a run of the network would fail
    assert one.find(torch.zeros(40, 60, 3, dtype=torch.uint8), []) == []


def test_targets_in_one_batch_are_found_as_if_alone():
    one = tracker()
    frame = torch.randint(0, 255, (40, 60, 3), dtype=torch.uint8)
    boxes = [(10.0, 10.0, 20.0, 30.0), (30.0, 5.0, 45.0, 25.0)]
    targets = [(one.remember(frame, box), box) for box in boxes]
    together = one.find(frame, targets)
    alone = [one.find(frame, [target])[0] for target in targets]
    assert np.allclose([f.box for f in together], [f.box for f in alone], atol=0.5)  # [px]


def test_a_template_is_looked_at_when_its_target_is_first_looked_for_and_never_again():
    one = tracker()
    looked: list[int] = []
    one._network.patch_embed.register_forward_hook(lambda _, x, __: looked.append(x[0].shape[-1]))
    frame, box = torch.zeros(40, 60, 3, dtype=torch.uint8), (10.0, 10.0, 20.0, 30.0)
    first, second = one.remember(frame, box), one.remember(frame, box)
    assert looked == []
    for targets in ([first], [first], [first, second]):
        one.find(frame, [(template, box) for template in targets])
    assert looked == [28, 56, 56, 28, 56]  # template, search, search, the second template, ...


def test_an_answer_that_is_not_finite_is_refused():
    one = tracker()
    frame = torch.zeros(40, 60, 3, dtype=torch.uint8)
    template = one.remember(frame, (10.0, 10.0, 20.0, 30.0))
    one._network.norm.bias.data.fill_(math.nan)
    with pytest.raises(ValueError, match="not finite"):
        one.find(frame, [(template, (10.0, 10.0, 20.0, 30.0))])


def test_fewer_false_boxes_cost_people_who_are_seen_badly():
    here, there, nobody = (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 60.0, 10.0), (80.0, 0.0, 90.0, 10.0)
    looked = [Looked([(here, 0.9), (there, 0.6), (nobody, 0.7)], [here, there])]
    assert rates(looked, 0.0) == (1.0, 1.0)
    assert at_few_false(looked) == 0.71
    assert rates(looked, 0.71) == (0.5, 0.0)


def test_everybody_is_found_at_most_once():
    person_there = (0.0, 0.0, 10.0, 10.0)
    assert matches([person_there, (1.0, 0.0, 11.0, 10.0)], [person_there]) == 1


def test_people_of_pets_are_read_as_corners(tmp_path):
    path = tmp_path / "people.xml"
    path.write_text(
        '<dataset><frame number="7"><objectlist><object id="1">'
        '<box h="20" w="10" xc="15" yc="30"/></object></objectlist></frame></dataset>'
    )
    assert read_cvml(path) == {7: [(10.0, 20.0, 20.0, 40.0)]}


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ("", "has nobody in any frame"),
        ('<box h="-2" w="10" xc="15" yc="30"/>', "a box at 15, 30 of 10 x -2"),
        ('<box h="inf" w="10" xc="15" yc="30"/>', "of 10 x inf"),
        ('<box h="2" w="10" xc="15"/>', "yc"),
    ],
)
def test_people_who_cannot_be_are_refused(tmp_path, box, sentence):
    path = tmp_path / "people.xml"
    path.write_text(f'<dataset><frame number="7">{box}</frame></dataset>')
    with pytest.raises(BadInput, match=sentence):
        read_cvml(path)


def test_a_share_above_one_is_no_setting():
    with pytest.raises(BadInput, match="min_confidence"):
        replace(TrackerConfig(), min_confidence=1.5)
