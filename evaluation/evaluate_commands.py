"""`road-clarity evaluate`: official metrics, of a prediction or of the network that ships."""

from __future__ import annotations

import json
import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from road_clarity.evaluation.culane_rules import CulaneRules
from road_clarity.models.errors import BadInput

evaluate = typer.Typer(name="evaluate", help="Official metrics.", no_args_is_help=True)

Predictions = Annotated[Path | None, typer.Option(help="score these instead of a network's")]
Truth = Annotated[Path | None, typer.Option("--ground-truth", help="what they are held against")]
Data = Annotated[Path | None, typer.Option(help="data folder that the network looks at")]
LaneWidth = Annotated[int, typer.Option(help="culane: width in pixels at which lanes are drawn")]
LaneIou = Annotated[float, typer.Option(help="culane: overlap above which a lane is found")]
ImageWidth = Annotated[int, typer.Option(help="culane: width of the images in pixels")]
ImageHeight = Annotated[int, typer.Option(help="culane: height of the images in pixels")]
Json = Annotated[Path | None, typer.Option("--json", help="write the scores to this file as well")]


class LaneFormat(str, Enum):
    tusimple = "tusimple"
    culane = "culane"
    bdd100k = "bdd100k"


class SegmentationFormat(str, Enum):
    camvid = "camvid"
    cityscapes = "cityscapes"
    bdd100k = "bdd100k"
    streets = "streets"


class TrackingFormat(str, Enum):
    otb = "otb"
    tld = "tld"
    got10k = "got10k"
    lasot = "lasot"


class ObjectFormat(str, Enum):
    pets = "pets"
    mot = "mot"
    streets = "streets"


class AnomalyFormat(str, Enum):
    fishyscapes = "fishyscapes"
    segmentmeifyoucan = "segmentmeifyoucan"


class WorldView(str, Enum):
    pedestrian = "pedestrian"
    car = "car"


class Baseline(str, Enum):
    csrt = "csrt"


@evaluate.command()
def lanes(
    layout: Annotated[LaneFormat, typer.Option("--format")] = LaneFormat.tusimple,
    predictions: Predictions = None,
    ground_truth: Truth = None,
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="culane: file of image names, or a folder")
    ] = None,
    lane_width: LaneWidth = CulaneRules.lane_width,
    iou: LaneIou = CulaneRules.iou,
    image_width: ImageWidth = CulaneRules.image_width,
    image_height: ImageHeight = CulaneRules.image_height,
    data: Data = None,
    labels: Annotated[
        Path | None, typer.Option(help="tusimple: label file of the images in --data")
    ] = None,
    model: Annotated[str, typer.Option(help="weights that look at --data")] = "scnn_edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "cpu",
    write: Annotated[
        Path | None, typer.Option(help="culane: new folder for the lanes that the network found")
    ] = None,
    json_file: Json = None,
) -> None:
    """Lane lines that are found, missed and made up."""
    rules = CulaneRules(
        lane_width=lane_width, iou=iou, image_width=image_width, image_height=image_height
    )
    if predictions is not None:
        truth = needed(ground_truth, "--ground-truth")
        tell(score_lanes(layout, predictions, truth, lists or [], rules), json_file)
        return
    if layout is LaneFormat.bdd100k:
        raise BadInput("--predictions", "missing", "name the folder of label images to score")
    from road_clarity.evaluation import lane_runs
    from road_clarity.pipeline.lanes import LaneConfig, LaneStage

    folder, stage = needed(data, "--data"), LaneStage(LaneConfig(weights=model), device)
    if layout is LaneFormat.tusimple:
        tell(lane_runs.run_tusimple(stage, folder, needed(labels, "--labels")), json_file)
        return
    truth = ground_truth or folder
    tell(lane_runs.run_culane(stage, folder, truth, lists or [], rules, write), json_file)


def score_lanes(
    layout: LaneFormat, predictions: Path, truth: Path, lists: list[Path], rules: CulaneRules
) -> object:
    """What is on disk, by the official rules of the format."""
    from road_clarity.evaluation import bdd_lanes, culane, tusimple

    if layout is LaneFormat.culane:
        return culane.evaluate_predictions(predictions, truth, lists, rules)
    if layout is LaneFormat.bdd100k:
        return bdd_lanes.evaluate_predictions(predictions, truth)
    return tusimple.evaluate_predictions(predictions, truth)


@evaluate.command()
def segmentation(
    layout: Annotated[SegmentationFormat, typer.Option("--format")] = SegmentationFormat.camvid,
    predictions: Predictions = None,
    ground_truth: Truth = None,
    data: Data = None,
    split: Annotated[str, typer.Option(help="part of the data set")] = "val",
    seeds: Annotated[str | None, typer.Option(help="A:B, simulated streets, for streets")] = None,
    model: Annotated[str, typer.Option(help="weights that look at --data")] = "ffnet_edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "cpu",
    json_file: Json = None,
) -> None:
    """Intersection over union and pixel accuracy."""
    from road_clarity.evaluation import segmentation as scores

    if layout is SegmentationFormat.streets:
        tell(scores.evaluate_streets(model, seeds, device), json_file)
        return
    if predictions is not None:
        truth = needed(ground_truth, "--ground-truth")
        tell(scores.evaluate_predictions(predictions, truth, layout.value), json_file)
        return
    folder = needed(data, "--data")
    tell(scores.evaluate_model(model, folder, split, layout.value, device), json_file)


@evaluate.command()
def tracking(
    data: Annotated[Path, typer.Option(help="folder of sequences, one folder each")],
    layout: Annotated[TrackingFormat, typer.Option("--format")] = TrackingFormat.otb,
    predictions: Predictions = None,
    tracker: Annotated[
        str | None, typer.Option(help="whose, where --predictions holds NAME/TRACKER.txt")
    ] = None,
    model: Annotated[str, typer.Option(help="weights of the tracker")] = "lorat_edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "cpu",
    baseline: Annotated[
        Baseline | None, typer.Option(help="run this tracker on the same frames, too")
    ] = None,
    json_file: Json = None,
) -> None:
    """Success, precision, GOT-10k's AO and SR, TLD's precision and recall, in one pass."""
    from road_clarity.evaluation import tracking as scores
    from road_clarity.evaluation.tracking_sequences import read_sequences

    sequences = read_sequences(data, layout.value)
    other = scores.BASELINES[baseline.value]() if baseline is not None else None
    if predictions is not None:
        found = scores.evaluate_predictions(predictions, sequences, layout.value, tracker)
    else:
        found = scores.evaluate(scores.lorat(model, device), sequences, layout.value)
    if other is not None:
        found["baseline"] = scores.evaluate(other, sequences, layout.value)
    tell(found, json_file)


@evaluate.command()
def objects(
    ground_truth: Annotated[
        Path | None, typer.Option(help="true boxes: XML of PETS, or MOTChallenge's")
    ] = None,
    layout: Annotated[ObjectFormat, typer.Option("--format")] = ObjectFormat.pets,
    video: Annotated[Path | None, typer.Option(help="recording of people, for pets")] = None,
    predictions: Annotated[Path | None, typer.Option(help="file or folder of tracks, mot")] = None,
    seeds: Annotated[str | None, typer.Option(help="A:B, simulated streets, for streets")] = None,
    preset: Annotated[str, typer.Option(help="edge, paper or tiny")] = "edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "cpu",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="part.field=value: tracks.max_targets=6")
    ] = None,
    json_file: Json = None,
) -> None:
    """Share of the people, or simulated road users, that tracks find; or MOTA of tracks on disk."""
    from road_clarity.pipeline.presets import override
    from road_clarity.pipeline.presets import preset as named

    config = override(named(preset), settings or [])
    if layout is ObjectFormat.streets:
        from road_clarity.evaluation.street_objects import evaluate_streets

        tell(evaluate_streets(seeds, config, device), json_file)
        return
    truth_file = given(ground_truth, "--ground-truth", "name the true boxes")
    if layout is ObjectFormat.mot:
        from road_clarity.evaluation import mot

        answers = given(predictions, "--predictions", "name the tracks of --format mot")
        tell(mot.evaluate_predictions(answers, truth_file), json_file)
        return
    from road_clarity.evaluation.objects import evaluate_people, read_cvml
    from road_clarity.evaluation.sources import open_source

    recording = given(video, "--video", "name the recording, or score tracks with --format mot")
    truth = read_cvml(truth_file)
    tell(evaluate_people(open_source(recording).frames, truth, config, device), json_file)


@evaluate.command()
def world(
    seeds: Annotated[str | None, typer.Option(help="A:B, simulated streets; B is left out")] = None,
    video: Annotated[
        list[Path] | None, typer.Option(help="recording, image folder or bag. Repeatable")
    ] = None,
    view: Annotated[
        WorldView | None, typer.Option(help="through whose eyes; pedestrian, of a --video car")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="only this story. Repeatable; else all of the view")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="of each clip; 6 s of a street, all of a --video")
    ] = None,
    json_file: Json = None,
) -> None:
    """Dreams by VAE, transparent backbone and PCA; are the explanations of them true?"""
    from road_clarity.evaluation.commands import interruptible, track
    from road_clarity.evaluation.world import evaluate_world
    from road_clarity.evaluation.world_source import recorded, simulated
    from road_clarity.evaluation.world_text import world_text

    if (seeds is None) == (not video):
        raise BadInput("--seeds", seeds, "give either --seeds A:B or --video FILE")
    if seeds is not None:
        source = simulated(seeds, (view or WorldView.pedestrian).value, scenario or [], seconds)
    else:
        source = recorded(video or [], (view or WorldView.car).value, scenario or [], seconds)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)  # now, not after the minutes of work
    with interruptible():
        scores = evaluate_world(
            track(source.clips, "clips", source.count), source.pairs, source.calm
        )
    if json_file is None:
        print(world_text(scores))
    else:
        tell(scores, json_file)


@evaluate.command()
def risk(
    seeds: Annotated[str, typer.Option(help="A:B, simulated streets; B is left out")],
    scenario: Annotated[
        list[str] | None, typer.Option(help="only this story. Repeatable; else all")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1.0, help="of each clip")] = 8.0,
    preset: Annotated[str, typer.Option(help="edge, paper or tiny")] = "edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "cpu",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="part.field=value: safety.high=0.7")
    ] = None,
    truth: Annotated[
        bool, typer.Option("--with-truth", help="the watch sees what is there, no network does")
    ] = False,
    json_file: Json = None,
) -> None:
    """Are dangerous clips told from calm ones, and how early?"""
    from road_clarity.evaluation.commands import interruptible, track
    from road_clarity.evaluation.risk import evaluate_risk
    from road_clarity.evaluation.risk_clips import risk_clips
    from road_clarity.evaluation.risk_eyes import Eyes, PipelineEyes, TrueEyes
    from road_clarity.evaluation.risk_text import risk_text
    from road_clarity.evaluation.seeds import seed_range
    from road_clarity.evaluation.world_streets import stories_of
    from road_clarity.pipeline.perception import Perception
    from road_clarity.pipeline.presets import override
    from road_clarity.pipeline.presets import preset as preset_of

    wanted, stories = seed_range(seeds), stories_of("car", scenario or [])
    config = override(preset_of(preset), settings or [])
    eyes: Eyes = TrueEyes(config.safety) if truth else PipelineEyes(Perception(config, device))
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)  # now, not after the minutes of work
    with interruptible():
        clips = risk_clips(wanted, stories, eyes, seconds)
        found = list(track(clips, "clips", len(wanted) * len(stories)))
    scores = evaluate_risk(found, config.safety)
    if json_file is None:
        print(risk_text(scores))
    else:
        tell(scores, json_file)


@evaluate.command()
def anomaly(
    nominal: Annotated[
        list[Path] | None, typer.Option(help="video, bag, image folder or still. Repeatable")
    ] = None,
    anomalous: Annotated[list[Path] | None, typer.Option(help="the same. Repeatable")] = None,
    corruptions: Annotated[
        list[Path] | None, typer.Option(help="nominal ones, to be spoilt by our suite. Repeatable")
    ] = None,
    layout: Annotated[
        AnomalyFormat | None, typer.Option("--format", help="score the pixels of --data instead")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the data set of --format")] = None,
    frames: Annotated[int, typer.Option(min=1, help="frames of every recording")] = 20,
    width: Annotated[int, typer.Option(min=64, help="at which frames are spoilt [px]")] = 512,
    severity: Annotated[
        list[int] | None, typer.Option(min=1, max=5, help="only this one. Repeatable; else all")
    ] = None,
    alarm: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="p-value from which a frame is an alarm")
    ] = 0.02,
    seed: Annotated[int, typer.Option(min=0, help="of the corruptions")] = 0,
    card: Annotated[
        Path | None, typer.Option(help="write the robustness card of --corruptions to this .md")
    ] = None,
    preset: Annotated[str, typer.Option(help="edge or tiny")] = "edge",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "cpu",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="part.field=value. Repeatable")
    ] = None,
    json_file: Json = None,
) -> None:
    """Do the scorers of unknown scenes tell nominal frames from anomalous or spoilt ones?"""
    from road_clarity.evaluation.commands import interruptible, track
    from road_clarity.pipeline.presets import override
    from road_clarity.pipeline.presets import preset as named

    config = override(named(preset), settings or [])
    for file in (json_file, card):
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)  # now, not after the minutes of work
    if layout is not None:
        from road_clarity.evaluation.pixel_anomaly import evaluate_pixels

        folder = given(data, "--data", f"name the folder of {layout.value}")
        tell(evaluate_pixels(layout.value, folder, config.segmentation, device, track), json_file)
        return
    require_sides(nominal, anomalous, corruptions, card)
    from road_clarity.evaluation.anomaly import Asked, evaluate_anomaly
    from road_clarity.evaluation.anomaly_look import Looker
    from road_clarity.evaluation.corruptions.suite import SEVERITIES
    from road_clarity.evaluation.robustness_card import robustness_card

    asked = Asked(
        nominal=nominal or [], anomalous=anomalous or [], corruptions=corruptions or [],
        frames=frames, width=width, severities=sorted(set(severity or SEVERITIES)), alarm=alarm,
        seed=seed,
    )  # fmt: skip
    with interruptible():
        found = evaluate_anomaly(asked, Looker(config, device), track)
    if card is not None:
        card.write_text(robustness_card(found, shlex.join(["road-clarity", *sys.argv[1:]])))
    tell(found, json_file)


def require_sides(
    nominal: list[Path] | None,
    anomalous: list[Path] | None,
    corruptions: list[Path] | None,
    card: Path | None,
) -> None:
    """Both sides must be there to be told apart.  Raises BadInput."""
    if not corruptions and not (nominal and anomalous):
        raise BadInput("--nominal", nominal, "give --nominal and --anomalous, or --corruptions")
    if card is not None and not corruptions:
        raise BadInput("--card", card, "is of --corruptions; name recordings to spoil")


def needed(path: Path | None, option: str) -> Path:
    """The option's value.  Raises BadInput without one."""
    return given(path, option, "name it, or score predictions with --predictions")


def given(path: Path | None, option: str, remedy: str) -> Path:
    """The option's value.  Raises BadInput without one."""
    if path is None:
        raise BadInput(option, "missing", remedy)
    return path


def tell(scores: object, json_file: Path | None) -> None:
    """Print the scores as JSON and write them where they are asked for."""
    text = json.dumps(scores, indent=2)
    print(text)
    if json_file is not None:
        json_file.write_text(text + "\n")
