"""A made-up run folder, and a server on it."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from made_drive import made_risk, made_scene, street
from numpy.typing import NDArray

from road_clarity.evaluation.foxglove_log import FoxgloveLog
from road_clarity.pipeline.counterfactual import FramesFrom, Pasts, Probe, Span, play_ahead, probe
from road_clarity.pipeline.eigen_maps import EigenMap
from road_clarity.pipeline.events import EventRecorder, Moment
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.frame_row import Row, frame_row
from road_clarity.pipeline.interventions import Intervention
from road_clarity.pipeline.perception import Outcome
from road_clarity.pipeline.run_folder import FRAMES, MCAP, RunFolder
from road_clarity.safety.blame import MapShare
from road_clarity.safety.cause import Cause
from road_clarity.safety.explanation import RegionExplanation
from road_clarity.safety.map_faithfulness import Faithfulness
from road_clarity.safety.object_view import LayerView
from road_clarity.safety.scene import Risk, Scene, World
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.explainer import (
    Account,
    Drawn,
    MapAccount,
    Place,
    PlaceAccount,
    Sheet,
)
from road_clarity.service.server import Rules, Server
from road_clarity.service.workshop import Loaders

UNLIMITED = Rules(calls_per_s=math.inf)
STEP_NS = 600_000_000
LETTER = {"n": "nominal", "e": "elevated", "h": "high", "u": "unknown"}
# Three events, as calm time of 1.2 s parts them: 0001 at frame 2, 0002 at frame 5, 0003 at 8 and 9.
THREE_EVENTS = "nnhnnenneh"
SCORES = {"n": 0.0, "e": 0.4, "h": 0.8, "u": 1.0}


def moment(index: int, letter: str) -> Moment:
    stamp_ns = index * STEP_NS
    return Moment(
        Frame(index, stamp_ns, street(10 * index)),
        made_scene(index, stamp_ns),
        made_risk(stamp_ns, LETTER[letter], SCORES[letter]),
    )


def made_row(index: int, letter: str = "n") -> Row:
    one = moment(index, letter)
    return frame_row(one.scene, one.risk, {"total": 4.0})


def append(run: Path, row: Row, end: str = "\n") -> None:
    with (run / FRAMES).open("a") as file:
        file.write(json.dumps(row) + end)


def made_run(path: Path, letters: str = THREE_EVENTS, complete: bool = True) -> Path:
    """One frame per letter, every 0.6 s; n nominal, e elevated, h high, u unknown."""
    path.mkdir()
    run = RunFolder(path)
    recorder = EventRecorder(run.events, {"vae_edge": "ab" * 32})
    with FoxgloveLog(path / MCAP) as log:
        for index, letter in enumerate(letters):
            one = moment(index, letter)
            run.append(frame_row(one.scene, one.risk, {"total": 4.0}))
            recorder.see(one, "street")
            log.add(one)
    recorder.close()
    run.finish({"frames": len(letters)}) if complete else run.close()
    return path


class MadeExplainer:
    """Loses everything at encoder.2; waits for `go` before it answers."""

    sha256: Mapping[str, str] = {"vae_edge": "ab" * 32}

    def __init__(self) -> None:
        self.go, self.busy = threading.Event(), threading.Event()
        self.go.set()

    def explain(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> Account:
        self.busy.set()
        self.go.wait(10.0)
        return Account(made_world(), tuple(account(place) for place in places), truncated=False)

    def score(
        self, image: NDArray[np.uint8], deadline: Deadline, thorough: bool
    ) -> Faithfulness | None:
        return made_score(thorough)

    def drawn(self, image: NDArray[np.uint8], layer: str) -> Drawn:
        side = np.zeros((8, 8, 3), np.uint8)
        return Drawn(side, side, 0.02, np.ones((70 if layer else 0, 2, 2), np.float32))


class MadeMaps:
    """Every network sees the whole frame alike."""

    sha256: Mapping[str, str] = {"scnn_edge": "cd" * 32}

    def maps(
        self, image: NDArray[np.uint8], places: Sequence[Place], deadline: Deadline
    ) -> MapAccount:
        names = ["lanes", "segmentation", *(f"tracker of {place.label}" for place in places)]
        strength = np.ones(image.shape[:2], np.float32)
        return MapAccount(tuple(EigenMap(name, "norm", strength) for name in names), False)

    def score(
        self, image: NDArray[np.uint8], one: EigenMap, place: Place | None, deadline: Deadline,
        thorough: bool,
    ) -> Faithfulness | None:  # fmt: skip
        return made_score(thorough)


class MadeSheets:
    """Counts the frames that lead to the one asked about."""

    sha256: Mapping[str, str] = {"vae_edge": "ab" * 32}

    def sheets(
        self, image: NDArray[np.uint8], places: Sequence[Place], asked: int | None,
        before: Iterable[Frame], about: str,
    ) -> list[Sheet]:  # fmt: skip
        stamps = [frame.stamp_ns for frame in before]
        redrawn = Sheet(
            "redrawn", f"{about}: {len(places)} places, number {asked} asked about", image
        )
        return [redrawn, Sheet("predicted", f"after {stamps}", None)]


class MadeProber:
    """A watch that sees what made_scene holds, at the pace of the frames."""

    sha256: Mapping[str, str] = {"scnn_edge": "cd" * 32}
    run_otherwise: Sequence[str] = ()

    def probe(
        self, frames_from: FramesFrom, span: Span, interventions: Sequence[Intervention],
        deadline: Deadline,
    ) -> Probe:  # fmt: skip
        return probe(MadePerception(), frames_from, span, interventions, deadline.left_s)

    def play_ahead(self, frames_from: FramesFrom, span: Span, deadline: Deadline) -> None:
        play_ahead(MadePerception(), frames_from, span, deadline.left_s, Pasts())


class MadePerception:
    """One person, in the way until the watch is told of none."""

    def fork(self) -> MadePerception:
        return MadePerception()

    def restart(self) -> None:
        """There is nothing to forget."""

    def step(self, frame: Frame, told: Callable[[Scene], Scene] = lambda scene: scene) -> Outcome:
        scene = told(made_scene(frame.index, frame.stamp_ns, frame.size))
        return Outcome(scene, self.judge(scene), {"total": 4.0})

    def judge(self, scene: Scene) -> Risk:
        in_the_way = scene.tracks is not None and bool(scene.tracks.tracks)
        return made_risk(scene.stamp_ns, "high" if in_the_way else "nominal")


def made_score(thorough: bool) -> Faithfulness:
    """A map that points elsewhere."""
    checks = {"randomisation": 0.1, "stability": 0.9} if thorough else {}
    return Faithfulness(
        verdict="not better than chance", text="not better than chance: grey it out",
        deletion=0.6, insertion=0.4, deletion_random=0.5, insertion_random=0.5,
        deletion_moved=0.5, insertion_moved=0.5, chances=5, **checks,
    )  # fmt: skip


def made_loaders(load: Callable[[], MadeExplainer] = MadeExplainer) -> Loaders:
    return Loaders(
        load, MadeMaps, MadeSheets, lambda run: MadeProber(), lambda name: MadeExplainer()
    )


def made_world() -> World:
    world = made_scene(0, 0).world
    assert world is not None
    return world


def account(place: Place) -> PlaceAccount:
    layers = LayerView("encoder.1", 2.0), LayerView("encoder.2", 0.5)
    seen = RegionExplanation(
        place.box,
        error_share=0.25,
        times_worse=2.5,
        unexplained=0.9,
        layers=(*layers, LayerView("encoder.3", math.nan)),
        latent_change=3.0,
        cause=Cause.DEAD_CHANNEL,
        layer="encoder.2",
        maps_of="encoder.2",
        maps=(MapShare(5, 0.75), MapShare(1, 0.25)),
    )
    return PlaceAccount(place, seen)


@contextmanager
def serving(run: Path, load: Callable[[], MadeExplainer] = MadeExplainer) -> Iterator[grpc.Channel]:
    """A channel to a server on the run; both end with the block."""
    with running(run, load) as server, connected(server) as channel:
        yield channel


@contextmanager
def running(
    run: Path, load: Callable[[], MadeExplainer] = MadeExplainer, rules: Rules = UNLIMITED,
    metrics_port: int | None = None,
) -> Iterator[Server]:  # fmt: skip
    """A server on the run that ends with the block."""
    loaders = made_loaders(load)
    server = Server(run, "127.0.0.1:0", None, loaders, rules, metrics_port)
    server.start()
    try:
        yield server
    finally:
        server.stop(0.0)


def connected(server: Server) -> grpc.Channel:
    return grpc.insecure_channel(f"127.0.0.1:{server.port}")


def fields_at_fault(error: grpc.RpcError) -> list[str]:
    """The names in the BadRequest detail."""
    bad = error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(error).details:
        if detail.Unpack(bad):
            return [one.field for one in bad.field_violations]
    return []


def reason_of(error: grpc.RpcError) -> tuple[str, dict[str, str]]:
    """The ErrorInfo detail: stable reason and metadata."""
    info = error_details_pb2.ErrorInfo()
    for detail in rpc_status.from_call(error).details:
        if detail.Unpack(info):
            return info.reason, dict(info.metadata)
    return "", {}
