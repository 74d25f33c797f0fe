"""`road-clarity calibrate`: from nominal footage to a promise about false alarms."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from road_clarity.models.errors import BadInput

if TYPE_CHECKING:
    from road_clarity.evaluation.calibration_clips import Footage
    from road_clarity.pipeline.label_reader import LabelReader
    from road_clarity.safety.calibration import Calibration
    from road_clarity.safety.review import Review

MAKE = "make"


class MakesByDefault(TyperGroup):
    """`calibrate SOURCE...` is `calibrate make SOURCE...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = [MAKE, *args]
        return super().parse_args(ctx, args)


calibrate = typer.Typer(
    name="calibrate",
    cls=MakesByDefault,
    help="A stated false-alarm rate for flags; `calibrate SOURCE...` makes it of nominal footage.",
    no_args_is_help=True,
)

Sources = Annotated[
    list[Path] | None,
    typer.Argument(help="nominal videos, bags, image folders, or run folders of replays"),
]
Seeds = Annotated[str | None, typer.Option(help="A:B, a simulated calm street of each instead")]
Stories = Annotated[str, typer.Option(help="of the simulated streets, by commas, in turn")]
Fps = Annotated[float, typer.Option(help="of the simulated streets [1/s]", min=2.0, max=30.0)]
Preset = Annotated[str, typer.Option(help="edge, paper or tiny")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="part.field=value")]
Folder = Annotated[Path, typer.Option("--store", help="folder of calibrations")]
Reviewed = Annotated[
    bool, typer.Option("--reviewed", help="runs whose events are labelled: no true risks")
]
Uncertain = Annotated[
    str | None, typer.Option(help="what uncertain events count as: true-risk or false-alarm")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
CALM = "calm_drive,parked_street,pedestrian_waits,pedestrian_walks_on"


@calibrate.command(MAKE)
def make(
    sources: Sources = None,
    alpha: Annotated[float, typer.Option(help="share of nominal clips that may be flagged")] = 0.05,
    clip_seconds: Annotated[float, typer.Option(help="length of a clip [s]")] = 30.0,
    condition: Annotated[str, typer.Option(help="of this footage, such as night")] = "",
    out: Annotated[Path | None, typer.Option(help="file to write")] = None,
    store: Annotated[Path | None, typer.Option(help="folder of calibrations to put it in")] = None,
    add_to: Annotated[
        Path | None, typer.Option(help="calibration whose clips count as well: file or store")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="write nothing")] = False,
    reviewed: Reviewed = False,
    uncertain: Uncertain = None,
    seeds: Seeds = None,
    stories: Stories = CALM,
    fps: Fps = 10.0,
    preset: Preset = "edge",
    device: Device = "auto",
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Calibrate on the maximum of every nominal clip."""
    from road_clarity.evaluation.calibration_report import against, told
    from road_clarity.pipeline.calibration_file import read_calibration

    if not dry_run and (out is None) == (store is None):
        raise BadInput("--out", out or "missing", "give either --out FILE or --store FOLDER")
    before = None if add_to is None else read_calibration(add_to)
    active = None if store is None else active_of(store)
    labels = label_reader(reviewed, uncertain, seeds)
    footage = judge(
        sources, clip_seconds, condition, seeds, stories, fps, preset, device, settings, labels
    )
    if labels is not None and not dry_run:
        labels.require_complete()
    reviews = () if labels is None else labels.reviews
    made = calibrated(footage, alpha, clip_seconds, before, reviews)
    report = against(made, active, footage.cut.dropped)
    if labels is not None:
        report["labels"] = labels.report(made)
    if not dry_run:
        report |= kept(made, out, store)
    print(json.dumps(report, indent=2) if as_json else told(report))


@calibrate.command()
def check(
    calibration: Annotated[Path, typer.Argument(help="calibration file, or a store")],
    sources: Sources = None,
    condition: Annotated[str, typer.Option(help="of this footage, such as night")] = "",
    seeds: Seeds = None,
    stories: Stories = CALM,
    fps: Fps = 10.0,
    preset: Preset = "edge",
    device: Device = "auto",
    settings: Settings = None,
    as_json: AsJson = False,
) -> int:
    """Count what a calibration flags in other footage, and whether its promise holds there.

    Clips of runs with an event that is labelled a true risk are left out.  The exit code is 1 when
    the promise does not hold, and when labels that it was made with have changed.
    """
    from road_clarity.evaluation.calibration_labels import check_report
    from road_clarity.evaluation.calibration_report import check_told
    from road_clarity.pipeline.calibration_file import read_calibration
    from road_clarity.safety.drift_check import drift_of

    given = read_calibration(calibration)
    footage = judge(
        sources, given.clip_s, condition, seeds, stories, fps, preset, device, settings,
        nominal=False,
    )  # fmt: skip
    differences = given.differences(footage.models, footage.parameters)
    drift = drift_of(given, condition, footage.cut.clips, differences)
    report = check_report(drift, given)
    print(json.dumps(report, indent=2) if as_json else check_told(report))
    return 0 if drift.state == "holds" and not report["labels_changed"] else 1


@calibrate.command("list")
def list_all(store: Folder, as_json: AsJson = False) -> None:
    """All calibrations of a store, the active one marked."""
    from road_clarity.evaluation.calibration_report import brief, line
    from road_clarity.pipeline.calibration_file import Store

    folder = Store(store)
    active = folder.active_id()
    found = [brief(one) | {"active": one.id == active} for one in folder.all()]
    print(json.dumps(found, indent=2) if as_json else "\n".join(map(line, found)) or "none")


@calibrate.command()
def activate(
    id: Annotated[str, typer.Argument(help="as `calibrate list` shows it")],
    store: Folder,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only tell what would change")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a calibration the one that `safety.calibration=STORE` uses from the next start on."""
    from road_clarity.evaluation.calibration_report import against, told
    from road_clarity.pipeline.calibration_file import Store

    folder = Store(store)
    report = against(folder.get(id), active_of(store), dropped=0)
    if not dry_run:
        folder.activate(id, now(), shlex.join(sys.argv))
        report["active"] = id
    print(json.dumps(report, indent=2) if as_json else told(report))


@calibrate.command()
def history(store: Folder, as_json: AsJson = False) -> None:
    """Which calibration was activated when, and whether its labels have changed since."""
    from road_clarity.evaluation.calibration_report import activations, history_told

    lines = activations(store)
    print(json.dumps(lines, indent=2) if as_json else history_told(lines))


def label_reader(reviewed: bool, uncertain: str | None, seeds: str | None) -> LabelReader | None:
    """Raises BadInput."""
    from road_clarity.pipeline.label_reader import LabelReader
    from road_clarity.pipeline.reviewed_run import Uncertain as Counted

    if not reviewed:
        if uncertain is not None:
            raise BadInput("--uncertain", uncertain, "is about labels; give --reviewed as well")
        return None
    if seeds is not None:
        raise BadInput("--seeds", seeds, "simulated streets have no labels; leave out --reviewed")
    return LabelReader(Counted.counted_as(uncertain))


def judge(
    sources: list[Path] | None, clip_s: float, condition: str, seeds: str | None, stories: str,
    fps: float, preset: str, device: str, settings: list[str] | None,
    labels: LabelReader | None = None, nominal: bool = True,
) -> Footage:  # fmt: skip
    """All the footage as clips.  Raises BadInput."""
    from road_clarity.evaluation.calibration_clips import Judge
    from road_clarity.evaluation.commands import interruptible, track
    from road_clarity.evaluation.seeds import seed_range
    from road_clarity.pipeline.perception import Perception

    chosen = [*(settings or []), "safety.calibration="]  # what is measured knows no promise
    pipeline = partial(Perception.from_preset, preset, device, chosen)
    judge = Judge(clip_s, condition, pipeline, labels, nominal)
    with interruptible():
        for source in sources or ():
            judge.see(source)
        numbers = seed_range(seeds) if seeds is not None else range(0)
        told = [story.strip() for story in stories.split(",")]
        for number in track(numbers, "streets", len(numbers)):
            judge.see_street(told[number % len(told)], number, fps)
    return judge.footage()


def calibrated(
    footage: Footage, alpha: float, clip_s: float, before: Calibration | None,
    reviews: tuple[Review, ...] = (),
) -> Calibration:  # fmt: skip
    """Of the clips of the footage and of those of `before`, each with the labels that chose them.

    Raises BadInput.
    """
    from road_clarity import __version__
    from road_clarity.safety.calibration import Calibration

    clips = (() if before is None else before.clips) + footage.cut.clips
    made = Calibration(
        alpha, clip_s, clips, footage.models, footage.parameters, __version__, now(),
        shlex.join(sys.argv), (() if before is None else before.reviews) + reviews,
    )  # fmt: skip
    if before is not None:
        require_alike(before, made)
    return made


def kept(made: Calibration, out: Path | None, store: Path | None) -> dict[str, str]:
    """Write it into the store, else to the file; what to say about that."""
    from road_clarity.pipeline.calibration_file import Store, write_calibration

    if store is None:
        assert out is not None  # one of them is given
        write_calibration(out, made)
        return {"file": str(out)}
    file = Store(store).add(made)
    remedy = f"road-clarity calibrate activate {made.id} --store {store}"
    return {"file": str(file), "activate": remedy}


def active_of(store: Path) -> Calibration | None:
    """Raises BadInput when it cannot be read."""
    from road_clarity.pipeline.calibration_file import Store

    return None if Store(store).active_id() is None else Store(store).active()


def require_alike(before: Calibration, made: Calibration) -> None:
    """Raises BadInput unless the clips of both can stand in one calibration."""
    wrong = before.differences(made.models, made.parameters)
    if before.clip_s != made.clip_s:
        wrong.append(f"clips are {made.clip_s:g} s long, not {before.clip_s:g} s")
    if wrong:
        raise BadInput("--add-to", before.id, f"was made otherwise: {'; '.join(wrong)}")


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
