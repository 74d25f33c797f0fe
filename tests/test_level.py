"""The level rises at once, falls after a hold, and is unknown whenever nobody can know."""

import math
from itertools import product

import pytest

from road_clarity.safety.config import SafetyConfig
from road_clarity.safety.level import LEVELS, Level

CONFIG = SafetyConfig(elevated=0.3, high=0.6, release=0.1, hold_s=0.5)
SCORE_OF = {"nominal": 0.0, "elevated": 0.4, "high": 0.9}


def level_in(state: str) -> Level:
    """A level that has been in `state` since t = 0 s."""
    level = Level(CONFIG)
    if state != "unknown":
        level.step(-1_000_000_000, SCORE_OF[state], known=True)
        level.step(0, SCORE_OF[state], known=True)
    assert level.now == state
    return level


def test_before_the_first_frame_the_level_is_unknown():
    assert Level(CONFIG).now == "unknown"


@pytest.mark.claim("missing")
@pytest.mark.parametrize("state", LEVELS)
@pytest.mark.parametrize(
    ("score", "known"),
    [(0.0, False), (math.nan, True), (math.inf, True), (-0.1, True)],
)
def test_what_cannot_be_read_is_unknown_from_every_level_at_once(state, score, known):
    assert level_in(state).step(1, score, known) == "unknown"


@pytest.mark.claim("hold")
@pytest.mark.parametrize(("state", "event"), list(product(SCORE_OF, SCORE_OF)))
def test_one_frame_raises_the_level_but_never_lowers_it(state, event):
    higher = max(state, event, key=LEVELS.index)
    assert level_in(state).step(1, SCORE_OF[event], known=True) == higher


@pytest.mark.claim("hold")
@pytest.mark.parametrize(("state", "event"), list(product(LEVELS, SCORE_OF)))
def test_after_the_hold_the_level_is_what_the_score_says(state, event):
    level = level_in(state)
    level.step(1, SCORE_OF[event], known=True)
    assert level.step(500_000_001, SCORE_OF[event], known=True) == event


@pytest.mark.claim("hold")
def test_a_score_that_trembles_around_a_threshold_keeps_the_level():
    level = level_in("high")
    scores = [0.55, 0.61, 0.52, 0.58, 0.51]
    assert [level.step(i * 400_000_000, s, True) for i, s in enumerate(scores)] == ["high"] * 5


def test_time_running_backwards_starts_the_hold_anew():
    level = level_in("high")
    level.step(10_000_000_000, 0.0, known=True)
    assert level.step(1_000_000_000, 0.0, known=True) == "high"


def rule(state: str, lower_since: int | None, at: int, score: float, known: bool):
    """The next (state, lower_since [ns]) in one sentence each, to hold the machine against."""
    if not known or not 0.0 <= score < math.inf:
        return "unknown", None
    high = CONFIG.high - (CONFIG.release if state == "high" else 0.0)
    elevated = CONFIG.elevated - (CONFIG.release if state in ("elevated", "high") else 0.0)
    reached = "high" if score >= high else "elevated" if score >= elevated else "nominal"
    if state != "unknown" and LEVELS.index(reached) >= LEVELS.index(state):
        return reached, None
    since = at if lower_since is None or at < lower_since else lower_since
    return (reached, None) if at - since >= 500_000_000 else (state, since)


SCORES = (0.0, 0.19, 0.2, 0.29, 0.3, 0.49, 0.5, 0.59, 0.6, 1.0, 1.5, math.inf, math.nan)
STEPS_NS = (-100_000_000, 100_000_000, 499_999_999, 500_000_000)
EVENTS = list(product(SCORES, (True, False), STEPS_NS))


@pytest.mark.parametrize("state", LEVELS)
@pytest.mark.parametrize("waiting", [False, True])
def test_every_event_in_every_state_leads_where_the_rule_says(state, waiting):
    """Also the states that wait for the end of a hold; every event, and every event after it."""
    for first, second in product(EVENTS, EVENTS):
        level, now, since, at = level_in(state), state, None, 0
        waits = [(0.0, True, 100_000_000)] if waiting else []
        for score, known, step in (*waits, first, second):
            at += step
            now, since = rule(now, since, at, score, known)
            assert level.step(at, score, known) == now, (first, second)
