"""The parameter files of config/, written from the settings dataclasses.

python -m road_clarity.nodes.parameter_files
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from road_clarity.nodes.parameters import flat
from road_clarity.nodes.table import yaml_text
from road_clarity.nodes.watchdog import PREFIX, WatchdogConfig

CONFIG = Path(__file__).resolve().parents[1] / "config"
HEADING = """\
# Every parameter of every node, with the defaults of the preset '{preset}'.
# Made from the settings dataclasses by `python -m road_clarity.nodes.parameter_files`.
# Copy it, keep the lines you change, and pass it: params_file:=/path/to/mine.param.yaml
"""


def text_of(preset: str) -> str:
    """The file for one preset."""
    lines = [HEADING.format(preset=preset)]
    for node, settings in node_settings(preset).items():
        lines += [f"/**/{node}:", "  ros__parameters:", *parameter_lines(settings)]
        lines += [*parameter_lines(WatchdogConfig(), PREFIX), ""]
    return "\n".join(lines)


def node_settings(preset_name: str) -> dict[str, Any]:
    """What the parameters of each node are, by name of the node."""
    from road_clarity.nodes.evidence import LiveEvidenceConfig
    from road_clarity.nodes.settings import IntakeConfig, SafetyNodeConfig
    from road_clarity.pipeline.live_explanation import ExplainerConfig
    from road_clarity.pipeline.presets import preset

    chosen = preset(preset_name)
    return {
        "perception": IntakeConfig(
            gate=chosen.gate, evidence=LiveEvidenceConfig(**asdict(chosen.evidence))
        ),
        "lane": chosen.lanes,
        "segmentation": chosen.segmentation,
        "tracker": chosen.tracks,
        "world_model": chosen.world,
        "unknown_scene": chosen.unknown,
        "explainer": ExplainerConfig(),
        "safety": SafetyNodeConfig(safety=chosen.safety),
    }


def parameter_lines(settings: Any, prefix: str = "") -> Iterator[str]:
    for name, value, meaning in flat(settings, prefix):
        yield f"    # {meaning}"
        yield f"    {name}: {yaml_text(value)}"


def main() -> int:
    from road_clarity.pipeline.presets import PRESETS

    for preset in PRESETS:
        path = CONFIG / f"{preset}.param.yaml"
        path.write_text(text_of(preset))
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
