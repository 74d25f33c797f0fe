"""Which processes there are and how they are wired, for the launch files and `road-clarity up`.

Plain data; imports nothing of ROS, so that it can be read where ROS is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PACKAGE = "road_clarity"
RESTART_PAUSE_S = 1.0  # before launch starts a process that died again

Value = str | bool | float


@dataclass(frozen=True)
class Argument:
    """What a user may choose.  A default may speak of other arguments: '/{camera}/image_raw'."""

    default: str
    doc: str
    among: tuple[str, ...] = ()  # all there are to choose among; empty: any


@dataclass(frozen=True)
class Process:
    """One executable.  Remaps and parameters may speak of arguments in braces."""

    executable: str  # in lib/road_clarity
    module: str  # the same for `python -m`
    nodes: tuple[str, ...]  # that it hosts
    remaps: tuple[tuple[str, str], ...]
    parameters: Mapping[str, tuple[type[Value], str]] = field(default_factory=dict)
    is_service: bool = True  # runs until it is stopped, and is started again when it dies

    @property
    def enclave(self) -> str:
        """Whose keys and rights it has where SROS2 is on; without meaning elsewhere."""
        return f"/{PACKAGE}/{self.executable.removesuffix('_node')}"


DRIVE_ARGUMENTS = {
    "namespace": Argument("", "namespace of all nodes; one for each camera of the vehicle"),
    "camera": Argument("camera", "namespace of the camera driver"),
    "image_topic": Argument("/{camera}/image_raw", "the images: Image or CompressedImage"),
    "camera_info_topic": Argument("/{camera}/camera_info", "the calibration that goes with them"),
    "preset": Argument("edge", "which networks at which size: edge, paper or tiny",
                       ("edge", "paper", "tiny")),
    "device": Argument("auto", "where networks run: auto, cpu or cuda"),
    "params_file": Argument("", "YAML file of parameters; see config/edge.param.yaml"),
    "autostart": Argument("true", "configure and activate at start; false leaves it to others"),
    "use_sim_time": Argument("false", "take the time from /clock"),
    "log_level": Argument("info", "debug, info, warn, error or fatal"),
}  # fmt: skip

REPLAY_ARGUMENTS = {
    "source": Argument("", "what to play: video, GIF, image folder, or the number of a camera"),
    "rate": Argument("0.0", "images per second; 0 plays a recording at its own pace"),
    "loop": Argument("false", "begin again at the end"),
    "compressed": Argument("true", "publish JPEG instead of raw images"),
    **DRIVE_ARGUMENTS,
}

NODE_PARAMETERS: dict[str, tuple[type[Value], str]] = {
    "preset": (str, "{preset}"),
    "device": (str, "{device}"),
    "autostart": (bool, "{autostart}"),
    "use_sim_time": (bool, "{use_sim_time}"),
}

PERCEPTION = Process(
    executable="perception_node",
    module="road_clarity.nodes.perception",
    nodes=(
        "perception", "lane", "segmentation", "tracker", "world_model", "unknown_scene",
        "explainer",
    ),
    remaps=(
        ("perception:~/in/image", "{image_topic}"),
        ("perception:~/in/camera_info", "{camera_info_topic}"),
        ("perception:~/in/risk", "safety/out/risk"),
        ("explainer:~/in/risk", "safety/out/risk"),
        ("~/out/faults", "perception/out/faults"),  # of all networks
    ),
    parameters=NODE_PARAMETERS,
)  # fmt: skip

SAFETY = Process(
    executable="safety_node",
    module="road_clarity.nodes.safety",
    nodes=("safety",),
    remaps=(
        ("~/in/frames", "perception/out/frames"),
        ("~/in/lanes", "lane/out/lanes"),
        ("~/in/segmentation", "segmentation/out/segmentation"),
        ("~/in/tracks", "tracker/out/tracks"),
        ("~/in/world", "world_model/out/world"),
        ("~/in/unknown", "unknown_scene/out/unknown"),
        ("~/in/rounds", "perception/out/rounds"),
        ("~/in/faults", "perception/out/faults"),
    ),
    parameters=NODE_PARAMETERS,
)

SOURCE = Process(
    executable="source_node",
    module="road_clarity.nodes.source",
    nodes=("source",),
    remaps=(("~/out/image", "{image_topic}"), ("~/out/camera_info", "{camera_info_topic}")),
    parameters={
        "path": (str, "{source}"),
        "rate": (float, "{rate}"),
        "loop": (bool, "{loop}"),
        "compressed": (bool, "{compressed}"),
        "use_sim_time": (bool, "{use_sim_time}"),
    },
    is_service=False,
)

DRIVE = (SAFETY, PERCEPTION)  # safety first: it says "unknown" while the networks load
REPLAY = (*DRIVE, SOURCE)


@dataclass(frozen=True)
class Start:
    """A process with every argument filled in."""

    process: Process
    namespace: str
    remaps: tuple[tuple[str, str], ...]
    parameters: dict[str, Value]
    params_file: str
    log_level: str

    def ros_arguments(self) -> list[str]:
        """What comes after --ros-args."""
        given = ["--log-level", self.log_level, "--enclave", self.process.enclave]
        if self.namespace:
            given += ["-r", f"__ns:=/{self.namespace.strip('/')}"]
        for name, topic in self.remaps:
            given += ["-r", f"{name}:={topic}"]
        if self.params_file:
            given += ["--params-file", self.params_file]
        for name, value in self.parameters.items():
            given += ["-p", f"{name}:={yaml_text(value)}"]
        return given


def starts(processes: Sequence[Process], arguments: Mapping[str, str]) -> list[Start]:
    """The processes with these arguments; all of them must be given."""
    return [start(process, arguments) for process in processes]


def start(process: Process, arguments: Mapping[str, str]) -> Start:
    return Start(
        process=process,
        namespace=arguments["namespace"],
        remaps=tuple((name, filled(topic, arguments)) for name, topic in process.remaps),
        parameters={
            name: typed(kind, filled(text, arguments))
            for name, (kind, text) in process.parameters.items()
        },
        params_file=arguments["params_file"],
        log_level=arguments["log_level"],
    )


def complete(known: Mapping[str, Argument], given: Mapping[str, str]) -> dict[str, str]:
    """What the user gave, and the defaults of the rest."""
    values = {name: given.get(name, one.default) for name, one in known.items()}
    return {name: filled(text, values) for name, text in values.items()}


def filled(text: str, arguments: Mapping[str, str]) -> str:
    """'/{camera}/image_raw' -> '/front/image_raw'"""
    for name, value in arguments.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def typed(kind: type[Value], text: str) -> Value:
    return text.lower() in ("true", "1") if kind is bool else kind(text)


def yaml_text(value: Value) -> str:
    """As rcl reads it; the quotes keep the number of a camera a text."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
