"""What a soak has shown: each promise with its figures, and whether it was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from road_clarity.nodes.soak.drive import WEIGH_EVERY_S, Course, Struck
from road_clarity.nodes.soak.listener import Said
from road_clarity.nodes.soak.memory import growth
from road_clarity.nodes.soak.stretches import lost_stretches, stretches
from road_clarity.pipeline.events import read_events

SILENCE_S = 0.5
MATCH_S = 2.0  # until perception hears a safety process that was started again
SPREAD_S = 0.5  # how long DDS takes to match a subscriber with a process that was started again


@dataclass
class Promise:
    """One thing that must hold."""

    name: str
    broken: list[str]  # how it was not kept, in words
    figures: dict[str, Any] = field(default_factory=dict)


def promises(course: Course) -> list[Promise]:
    return [
        no_crash(course), memory(course), events(course), silence(course), faults(course),
    ]  # fmt: skip


def no_crash(course: Course) -> Promise:
    """Processes end when a fault ends them, and only then; `up` ends well."""
    found = course.fleet.endings()
    meant = Counter(
        (one.planned.kind.restarts, one.planned.kind.exit_code)
        for one in course.struck
        if one.planned.kind.restarts
    )
    broken = [f"{name} ended with {code}, unplanned" for name, code in found - meant]
    broken += [f"{name} did not end with {code}" for name, code in meant - found]
    if course.exit_code != 0:
        broken.append(f"`up` ended with {course.exit_code}")
    restarts = {name: sum(n for (who, _), n in found.items() if who == name) for name, _ in found}
    return Promise("no unplanned crash", broken, {"restarts": restarts})


def memory(course: Course) -> Promise:
    """Growth of each process's longest life, once it is warm."""
    grown = growth(course.fleet.memory)
    broken = [
        f"{one.name} grew by {one.share:.1%}" for one in grown if one.share is not None and one.grew
    ]
    figures = {f"{one.name} {one.pid}": one.as_dict() for one in grown}
    return Promise("memory grows by less than 2 %", broken, figures)


def events(course: Course) -> Promise:
    """Every flagged stretch is in an event, but for what was under way when perception died."""
    stored = read_events(course.fleet.evidence) if course.fleet.evidence.is_dir() else []
    found = stretches(course.listener.risks, course.camera.sent)
    lost = lost_stretches(found, [(one.start_ns, one.end_ns) for one in stored])
    deaths = ends_of("perception_node", course)
    cut = [one for one in lost if any(one.was_cut_by(death_s) for death_s in deaths)]
    back = [later.at_s for _, later in silent_restarts(course)]
    missed = [
        one
        for one in lost
        if one not in cut and any(-1 < one.first_s - at < MATCH_S for at in back)
    ]
    broken = [
        f"flagged at {one.first_s - course.began_s:.1f} s for {one.last_s - one.first_s:.2f} s: "
        f"{', '.join(one.codes)}"
        for one in lost
        if one not in (*cut, *missed)
    ]
    figures = {
        "flagged stretches": len(found),
        "events": len(stored),
        "cut by the end of perception": len(cut),
        "before perception heard the new safety process": len(missed),
    }
    return Promise("no event is lost", broken, figures)


def ends_of(name: str, course: Course) -> list[float]:
    """When processes of that name ended before the soak did [s, monotonic]."""
    last = {one.pid: one.at_s for one in course.fleet.memory if one.name == name}
    return [at_s for at_s in last.values() if at_s < course.stopped_s - 2 * WEIGH_EVERY_S]


def silence(course: Course) -> Promise:
    """The risk topic, but while the safety process is being restarted."""
    risks = [one for one in course.listener.risks if one.at_s <= course.stopped_s]
    # By the clock of who says it: whoever listens has pauses of its own on a busy machine.
    gaps = [(later.sent_s - one.sent_s, one.at_s) for one, later in pairwise(risks)]
    heard = [later.at_s - one.at_s for one, later in pairwise(risks)]
    restarts = [(later.sent_s - one.sent_s, one.at_s) for one, later in silent_restarts(course)]
    living = [gap for gap in gaps if gap not in restarts and gap[1] >= course.began_s]
    long = [(gap, at) for gap, at in living if gap > SILENCE_S]
    broken = [
        f"silent for {gap:.2f} s at {at - course.began_s:.1f} s"
        for gap, at in long
        if gap - stood_still(course.camera.stalls, at, at + gap) > SILENCE_S
    ]
    figures = {
        "risks": len(risks),
        "longest silence [s]": round(max(gap for gap, _ in living), 3),
        "over 0.5 s, all in all": len(long),
        "of these, when the machine stood still": len(long) - len(broken),
        "longest as heard here [s]": [round(gap, 3) for gap in sorted(heard)[:-4:-1]],
        "silence while safety restarts [s]": [round(gap, 2) for gap, _ in restarts],
    }
    return Promise("the risk is never silent for over 0.5 s", broken, figures)


def stood_still(stalls: Sequence[tuple[float, float]], since_s: float, until_s: float) -> float:
    """How long of that time the soak's own camera thread could not go on either [s]"""
    shared = (min(to, until_s) - max(since, since_s) for since, to in stalls)
    return sum(max(0.0, one) for one in shared)


def silent_restarts(course: Course) -> list[tuple[Said, Said]]:
    """The last word before and the first after each kill of the safety process."""
    kills = [one.began_s for one in course.struck if one.planned.kind.restarts == "safety_node"]
    return [
        (one, later)
        for one, later in pairwise(course.listener.risks)
        if any(one.at_s - 0.1 <= at_s <= later.at_s for at_s in kills)
    ]


def faults(course: Course) -> Promise:
    """Each fault was told in time, and was over in time."""
    told = list(fault_rows(course.struck, course.listener.risks))
    broken = [
        f"{row['fault']} at {row['at_s']} s: {row['broken']}" for row in told if row["broken"]
    ]
    return Promise("faults are told and end in time", broken, {"faults": told})


def fault_rows(struck: Sequence[Struck], risks: Sequence[Said]) -> Iterator[dict[str, Any]]:
    for one in struck:
        codes, kind = set(one.planned.codes), one.planned.kind
        told_s = next(
            (r.at_s - one.began_s for r in risks if r.at_s > one.began_s and r.codes & codes), None
        )
        back_s = next(
            (r.at_s - one.ended_s for r in risks if is_back(r, one.ended_s, codes, kind.restarts)),
            None,
        )
        row: dict[str, Any] = {
            "fault": f"{kind.name} {one.planned.part}".strip(),
            "at_s": one.planned.at_s,
            "lasted_s": round(one.ended_s - one.began_s, 2),
            "told_after_s": None if told_s is None else round(told_s, 2),
            "back_after_s": None if back_s is None else round(back_s, 2),
        }
        # On a machine that is too busy other faults may hide this one, if unknown is unknown.
        row["unknown_anyway"] = always_unknown(one, risks)
        in_time = told_s is not None and told_s <= kind.within_s
        late = codes and not in_time and not row["unknown_anyway"]
        stuck = back_s is None or back_s > kind.back_s
        row["broken"] = ("told too late or never" if late else "") + ("; not back" * stuck)
        yield row


def always_unknown(one: Struck, risks: Sequence[Said]) -> bool:
    """Whether no level was told from when the fault should have been, until its end."""
    from_s = one.began_s + one.planned.kind.within_s
    told = [r.level for r in risks if min(from_s, one.ended_s) <= r.at_s <= one.ended_s]
    return set(told) == {"unknown"}


def is_back(risk: Said, after_s: float, codes: set[str], restarts: str) -> bool:
    """Whether it judges an image again.  A process that was killed lives on in what DDS holds."""
    spread_s = SPREAD_S if restarts else 0.0
    return risk.at_s > after_s + spread_s and risk.judged and not risk.codes & codes
