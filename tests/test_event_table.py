"""Every code is declared once; causes must last to count, and count a little longer."""

from collections import Counter
from pathlib import Path

import pytest

from road_clarity.safety.event_table import (
    CAUSES,
    FAULTS,
    MODULES,
    SEVERITIES,
    STARTING,
    TABLE,
    entry,
    is_fault,
    table_text,
)
from road_clarity.safety.persistence import Persistence
from road_clarity.safety.risk import Cause

ROOT = Path(__file__).parents[1]
TENTH = 100_000_000  # [ns]


def person(points: float, who: int = 7) -> Cause:
    """Counts after 0.2 s, is held for 0.3 s."""
    return Cause("collision.time", points, None, f"person {who}", "person", who)


def counted(seen, step_ns: int = TENTH) -> list[float]:
    """Points that count, by frame; seen: points of one person, None: not there."""
    persistence, found = Persistence(), []
    for index, points in enumerate(seen):
        causes = [] if points is None else [person(points)]
        found.append(sum(one.points for one in persistence.step(index * step_ns, causes)))
    return found


def test_no_code_is_declared_twice():
    counts = Counter(one.code for one in (*CAUSES, *FAULTS, *STARTING))
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("one", TABLE.values(), ids=TABLE)
def test_every_code_has_a_module_a_severity_and_a_meaning(one):
    assert one.module in MODULES and one.severity in SEVERITIES and one.text
    assert one.raise_s >= 0 and one.hold_s >= 0


def test_a_fault_is_not_delayed():
    assert {one.raise_s for one in (*FAULTS, *STARTING)} == {0.0}


def test_the_documentation_holds_the_table():
    assert table_text() in (ROOT / "docs" / "risk.md").read_text(), "paste table_text() there"


@pytest.mark.parametrize("file", ["pipeline/gate.py", "safety/watch.py", "nodes/safety.py"])
def test_every_code_that_is_written_out_is_declared(file):
    import re

    found = re.findall(r'(?:Fault|Cause)\(\s*"([a-z.]+_?[a-z]*)"', (ROOT / file).read_text())
    assert found and all(code in TABLE for code in found)


def test_a_code_nobody_declared_is_a_fault():
    assert is_fault("brakes.hot") and entry("brakes.hot").module == "watch"


def test_a_cause_counts_once_it_has_lasted():
    assert counted([0.8, 0.8, 0.8, 0.8]) == [0.0, 0.0, 0.8, 0.8]


def test_a_flicker_never_counts():
    assert counted([0.8, None, 0.8, 0.8, None, 0.8]) == [0.0] * 6


def test_what_counts_is_the_least_of_the_delay():
    assert counted([0.2, 0.5, 0.8, 0.8, 0.8]) == [0.0, 0.0, 0.2, 0.5, 0.8]


def test_a_cause_is_held_after_it_was_last_seen():
    assert counted([0.8] * 3 + [None] * 5)[3:] == [0.8, 0.8, 0.8, 0.0, 0.0]


def test_two_people_are_two_causes():
    persistence = Persistence()
    for index in range(3):
        found = persistence.step(index * TENTH, [person(0.4, 1), person(0.3, 2)])
    assert sorted(one.points for one in found) == [0.3, 0.4]


def test_a_cause_nobody_can_read_counts_in_full_after_its_delay():
    assert counted([float("nan")] * 3) == [0.0, 0.0, 1.0]


def test_after_a_gap_everything_must_last_anew():
    assert counted([0.8] * 4, step_ns=10 * TENTH) == [0.0] * 4


def test_a_step_back_in_time_forgets_what_was_held():
    persistence = Persistence()
    for stamp in (0, 1, 2, 3):
        persistence.step(stamp * TENTH, [person(0.8)])
    assert persistence.step(0, []) == []


def test_without_a_delay_a_cause_counts_at_once():
    cause = Cause("anomaly.surprise", 0.3, None, "")
    assert [one.points for one in Persistence().step(0, [cause])] == [0.3]
