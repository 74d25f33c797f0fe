"""All networks look at the same frame, round by round."""

import pytest

from road_clarity.pipeline.rounds import Rounds


class Drive:
    """Frames are numbers; networks answer when the test says so."""

    def __init__(self, *waves):
        self.now_s, self.began, self.ended = 0.0, [], []
        self.rounds = Rounds(
            [self.wave(names) for names in waves or [("lanes", "tracks")]],
            lambda item, complete: self.ended.append((item, complete)),
            longest_s=0.3,
            clock=lambda: self.now_s,
        )

    def wave(self, names):
        def begin(item):
            self.began.append((item, names))
            return names

        return begin

    def answer(self, item, *names):
        for name in names:
            self.rounds.through(name, item)


def frames(drive):
    return [item for item, _ in drive.began]


def test_while_the_networks_work_newer_frames_replace_each_other():
    drive = Drive()
    for item in (1, 2, 3):
        drive.rounds.offer(item)
    assert frames(drive) == [1]
    drive.answer(1, "lanes", "tracks")
    assert (frames(drive), drive.rounds.skipped) == ([1, 3], 1)
    assert drive.ended == [(1, True)]


def test_a_round_ends_only_when_every_network_has_answered():
    drive = Drive()
    drive.rounds.offer(1)
    drive.answer(1, "lanes", "lanes")
    assert drive.ended == []
    drive.answer(1, "tracks")
    assert drive.ended == [(1, True)]


def test_a_frame_that_comes_when_nobody_works_is_looked_at_at_once():
    drive = Drive()
    drive.rounds.offer(1)
    drive.answer(1, "lanes", "tracks")
    drive.rounds.offer(2)
    assert frames(drive) == [1, 2]


def test_the_second_wave_begins_when_the_first_is_through():
    drive = Drive(("lanes", "tracks"), ("unknown",))
    drive.rounds.offer(1)
    drive.answer(1, "tracks")
    assert drive.began == [(1, ("lanes", "tracks"))]
    drive.answer(1, "lanes")
    assert drive.began[1:] == [(1, ("unknown",))]
    drive.answer(1, "unknown")
    assert drive.ended == [(1, True)]


def test_a_network_that_hangs_holds_up_one_round_only():
    drive = Drive()
    drive.rounds.offer(1)
    drive.answer(1, "lanes")
    drive.now_s = 0.29
    drive.rounds.offer(2)
    assert drive.ended == []
    drive.now_s = 0.30
    drive.rounds.offer(3)
    assert (drive.ended, frames(drive)) == ([(1, False)], [1, 3])
    drive.answer(3, "lanes")
    assert drive.ended[1:] == [(3, True)]


def test_a_network_that_comes_back_is_waited_for_again():
    drive = Drive()
    drive.rounds.offer(1)
    drive.answer(1, "lanes")
    drive.now_s = 1.0
    drive.rounds.offer(2)
    drive.answer(1, "tracks")
    drive.answer(2, "lanes")
    drive.rounds.offer(3)
    drive.answer(3, "lanes")
    assert drive.ended == [(1, False), (2, True)]
    drive.answer(3, "tracks")
    assert drive.ended[2:] == [(3, True)]


def test_an_answer_about_an_old_frame_ends_nothing():
    drive = Drive()
    drive.rounds.offer(1)
    drive.answer(1, "lanes", "tracks")
    drive.rounds.offer(2)
    drive.answer(1, "lanes", "tracks")
    assert drive.ended == [(1, True)]


@pytest.mark.parametrize("waves", [[()], [(), ()]])
def test_without_networks_every_round_is_over_at_once(waves):
    drive = Drive(*waves)
    drive.rounds.offer(1)
    drive.rounds.offer(2)
    assert drive.ended == [(1, True), (2, True)]
