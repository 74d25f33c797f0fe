"""How a node tells how it is doing."""

from road_clarity.nodes.health import Health, Severity


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_node_that_has_done_nothing_is_stale():
    assert Health(Clock()).condition().severity == Severity.STALE


def test_a_working_node_tells_its_rate_and_its_times():
    clock = Clock()
    health = Health(clock)
    for took_s in (0.01, 0.02, 0.03):
        clock.now_s += 0.5
        health.note_done(took_s)
    told = health.condition()
    assert told.severity == Severity.OK
    assert told.values == {"rate [1/s]": "1.5", "p50 [ms]": "20.0", "p99 [ms]": "30.0"}


def test_a_fault_is_an_error_until_it_is_forgotten():
    clock = Clock()
    health = Health(clock)
    health.note_fault("the network returned nan")
    assert health.condition().text == "the network returned nan"
    clock.now_s += 3.0
    health.note_done(0.01)
    assert health.condition().severity == Severity.OK


def test_a_node_that_stopped_working_becomes_stale():
    clock = Clock()
    health = Health(clock)
    health.note_done(0.01)
    clock.now_s += 3.0
    assert health.condition().severity == Severity.STALE
