"""Files: weights against the hashes of their cards, the parameter file, room for evidence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from road_clarity.models.errors import BadInput
from road_clarity.nodes.doctor_machine import GB, nearest
from road_clarity.nodes.findings import Finding, fail, ok, warn
from road_clarity.nodes.table import NODE_PARAMETERS
from road_clarity.pipeline.backends.exported import fastest
from road_clarity.pipeline.backends.runtime import TORCH, ways
from road_clarity.pipeline.evidence.retention import RetentionConfig
from road_clarity.pipeline.presets import Wanted, networks_of, preset, weight_names
from road_clarity.pipeline.weights import names, read_card, read_state

WILDCARDS = ("/**", "**")


def check(preset_name: str, params_file: str, has_ros: bool) -> list[Finding]:
    """Raises BadInput for a preset that does not exist."""
    needed = weight_names(preset(preset_name))
    found = [check_weights(name) for name in sorted({*names(), *needed})]
    found.append(check_exports(preset_name))
    given, problems = read_parameters(params_file, preset_name, has_ros)
    return [*found, *problems, check_evidence(given.get("perception", {}))]


def check_weights(name: str) -> Finding:
    try:
        _, card = read_state(name)
    except BadInput as error:
        return fail(f"weights.{name}", f"{error.field} {error.value}", error.remedy)
    return ok(f"weights.{name}", f"sha256 {card.sha256[:12]}, as in its card")


def check_exports(preset_name: str) -> Finding:
    """On a CPU, exports are what makes the networks fast enough."""
    runs = {one.weights: backend_of(one) for one in networks_of(preset(preset_name))}
    text = ", ".join(f"{name} on {backend}" for name, backend in runs.items())
    if set(runs.values()) == {TORCH}:
        fix = f"on a CPU: road-clarity export {preset_name}, then start again"
        return warn("exports", "there are none that beat torch: " + text, fix)
    return ok("exports", text)


def backend_of(wanted: Wanted) -> str:
    """What `auto` takes on a CPU."""
    try:
        card = read_card(wanted.weights)
    except BadInput:
        return TORCH  # the check of the weights says why
    *exported, _ = ways(wanted.settings, "cpu")
    best = fastest(wanted.weights, card.sha256, wanted.size, exported)
    return TORCH if best is None else f"{best[0].backend} {best[0].precision}"


Parameters = dict[str, dict[str, Any]]  # node -> parameter -> value


def read_parameters(path: str, preset_name: str, has_ros: bool) -> tuple[Parameters, list[Finding]]:
    """The file as ROS reads it.  ROS says nothing about names that no node declares."""
    if not path:
        return {}, []
    try:
        told = yaml.safe_load(Path(path).read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        text = f"{path}: {' '.join(str(error).split())}"
        return {}, [fail("parameters", text, "name a file like config/edge.param.yaml")]
    if not isinstance(told, Mapping):
        return {}, [fail("parameters", f"{path} is empty", "copy config/edge.param.yaml")]
    given: Parameters = {}
    for node, name, value in entries(told):
        given.setdefault(node, {})[name] = value
    if not has_ros:
        return given, [ok("parameters", f"{path}; its names are not looked at without ROS")]
    unknown = [*misspelt(given, known_parameters(preset_name))]
    return given, unknown or [ok("parameters", f"{path}: every name is known")]


def known_parameters(preset_name: str) -> dict[str, set[str]]:
    """What each node declares: as in its parameter file, and what all of them take from launch."""
    from road_clarity.nodes.parameter_files import text_of
    from road_clarity.nodes.settings import SourceConfig

    known = {"source": {one.name for one in fields(SourceConfig())} | set(NODE_PARAMETERS)}
    for node, name, _ in entries(yaml.safe_load(text_of(preset_name))):
        known.setdefault(node, set(NODE_PARAMETERS)).add(name)
    return known


def entries(told: Mapping[Any, Any]) -> Iterator[tuple[str, str, Any]]:
    """(last word of the node's name, parameter, value) of a parameter file."""
    for place, inside in told.items():
        if not isinstance(inside, Mapping):
            continue
        node = str(place).rpartition("/")[2]
        for name, value in inside.items():
            if name == "ros__parameters" and isinstance(value, Mapping):
                yield from ((node, one, held) for one, held in flat(value))
            elif isinstance(value, Mapping):  # a namespace above the node
                yield from entries({name: value})


def flat(group: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in group.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def misspelt(given: Parameters, known: Mapping[str, set[str]]) -> Iterator[Finding]:
    for node, values in given.items():
        if node not in known and node not in WILDCARDS:
            fix = closest(node, known) or f"use one of {', '.join(known)}"
            yield warn("parameters", f"there is no node {node!r}", fix)
            continue
        declared = known.get(node, {name for names in known.values() for name in names})
        for name in values:
            if name not in declared:
                fix = closest(name, declared) or "see config/edge.param.yaml"
                yield warn("parameters", f"{node} has no parameter {name!r}", fix)


def closest(word: str, known: Any) -> str:
    """'write lane instead', or nothing when no known word is like it."""
    found = get_close_matches(word, list(known), n=1)
    return f"write {found[0]!r} instead" if found else ""


def check_evidence(given: Mapping[str, Any]) -> Finding:
    """given: parameters of the perception node"""
    folder = str(given.get("evidence.folder", ""))
    if not folder:
        return ok("evidence", "is not stored; the parameter evidence.folder of perception does it")
    place = nearest(Path(folder))
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        fix = f"sudo install -d -o {os.getuid()} {folder}"
        return fail("evidence", f"{folder} cannot be written", fix)
    most = float(given.get("evidence.most_gb", RetentionConfig().most_gb))
    free, used = shutil.disk_usage(place).free / GB, stored(Path(folder)) / GB
    text = f"{free:.1f} GB free for {folder}, which holds {used:.1f} and may grow to {most:g}"
    if free + used < most:
        room = max(0.1, (free + used) / 2)
        return warn("evidence", text, f"set evidence.most_gb to {room:.1f}, or make room")
    return ok("evidence", text)


def stored(folder: Path) -> int:
    """[B]"""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
