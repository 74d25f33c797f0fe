"""The kinds of criteria; each is a frozen dataclass that judges the facts of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from road_clarity.evaluation.criteria.facts import Facts
from road_clarity.pipeline.evidence.moment import SEVERITY
from road_clarity.safety.settings import Checked, setting

LEVELS = tuple(SEVERITY)


@dataclass(frozen=True)
class Judgement:
    passed: bool
    text: str  # what was found, in a few words


@dataclass(frozen=True, kw_only=True)
class Criterion(Checked):
    """What all kinds have."""

    kind: ClassVar[str]

    name: str = setting("", "what the criterion is called; its kind when empty")
    source: str = setting("", "the one recording that it is about; all when empty")

    def judge(self, facts: Facts) -> Judgement:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class MaxLevel(Criterion):
    """No frame after the warm-up has a worse level."""

    kind = "max_level"
    level: str = setting("elevated", "the worst level that is allowed", among=LEVELS)

    def judge(self, facts: Facts) -> Judgement:
        allowed = SEVERITY[self.level]
        worse = [one for one in facts.judged if SEVERITY[one.level] > allowed]
        if not worse:
            return Judgement(True, f"no frame is worse than {self.level}")
        first = worse[0]
        text = f"{len(worse)} frames are, first {first.level} at {facts.at_s(first.stamp_ns):.1f} s"
        return Judgement(False, f"{text}; at most {self.level} is allowed")


@dataclass(frozen=True, kw_only=True)
class EventWithin(Criterion):
    """An event with this reason is up at some time between two moments."""

    kind = "event"
    code: str = setting("", "reason code that the event names; any when empty")
    after_s: float = setting(0.0, "from here on, since the first frame [s]", low=0.0)
    before_s: float = setting(86400.0, "up to here [s]", low=0.0)
    at_least: int = setting(1, "so many events", low=0)
    at_most: int = setting(1000000, "and no more than so many", low=0)

    def judge(self, facts: Facts) -> Judgement:
        found = [
            one
            for one in facts.events
            if facts.at_s(one.end_ns) >= self.after_s
            and facts.at_s(one.start_ns) <= self.before_s
            and (not self.code or any(reason["code"] == self.code for reason in one.reasons))
        ]
        times = ", ".join(f"{facts.at_s(one.start_ns):.1f} s" for one in found[:5])
        what = f"events with {self.code}" if self.code else "events"
        text = f"{len(found)} {what} from {self.after_s:g} to {self.before_s:g} s"
        passed = self.at_least <= len(found) <= self.at_most
        return Judgement(passed, f"{text}{': ' + times if times else ''}")


@dataclass(frozen=True, kw_only=True)
class EventsPerHour(Criterion):
    """Events are no more frequent than this; what is shorter than an hour counts by its length."""

    kind = "events_per_hour"
    code: str = setting("", "only events that name this reason code; all when empty")
    at_most: float = setting(0.0, "events per hour of recording [1/h]", low=0.0)

    def judge(self, facts: Facts) -> Judgement:
        count = sum(
            not self.code or any(reason["code"] == self.code for reason in one.reasons)
            for one in facts.events
        )
        rate = count / facts.hours if facts.hours > 0 else float("inf") if count else 0.0
        text = f"{count} events in {facts.hours * 60:.1f} min, {rate:.1f} an hour"
        return Judgement(rate <= self.at_most, f"{text}; at most {self.at_most:g} are allowed")


@dataclass(frozen=True, kw_only=True)
class Latency(Criterion):
    """A quantile of the time that a stage takes, as measured in this run."""

    kind = "latency"
    stage: str = setting("total", "stage of the pipeline, or total")
    quantile: float = setting(0.99, "0.99 is p99", low=0.0, high=1.0)
    at_most_ms: float = setting(200.0, "[ms]", low=0.0)

    def judge(self, facts: Facts) -> Judgement:
        found = facts.quantile_ms(self.stage, self.quantile)
        if found is None:
            return Judgement(False, f"there is no stage {self.stage}")
        text = f"{self.quantile:.0%} of the frames take {found:.1f} ms or less ({self.stage})"
        return Judgement(found <= self.at_most_ms, f"{text}; {self.at_most_ms:g} ms are allowed")


@dataclass(frozen=True, kw_only=True)
class EgoLanes(Criterion):
    """Both lines of the car's lane are found in at least this share of the frames."""

    kind = "ego_lanes"
    at_least: float = setting(0.85, "share of all frames", low=0.0, high=1.0)

    def judge(self, facts: Facts) -> Judgement:
        share = sum(one.both_lines for one in facts.frames) / len(facts.frames)
        text = f"both lines in {share:.1%} of the frames; at least {self.at_least:.1%} is asked"
        return Judgement(share >= self.at_least, text)


@dataclass(frozen=True, kw_only=True)
class LevelShare(Criterion):
    """At most this share of the frames after the warm-up has a level."""

    kind = "level_share"
    level: str = setting("unknown", "the level that is counted", among=LEVELS)
    at_most: float = setting(0.05, "share of the frames after the warm-up", low=0.0, high=1.0)

    def judge(self, facts: Facts) -> Judgement:
        judged = facts.judged
        if not judged:
            return Judgement(False, "no frame comes after the warm-up")
        share = sum(one.level == self.level for one in judged) / len(judged)
        text = f"{share:.1%} of the frames are {self.level}; at most {self.at_most:.1%} may be"
        return Judgement(share <= self.at_most, text)


KINDS: dict[str, type[Criterion]] = {
    one.kind: one for one in (MaxLevel, EventWithin, EventsPerHour, Latency, EgoLanes, LevelShare)
}
