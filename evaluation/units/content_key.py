"""What the result of a unit follows from, as one hash: equal keys, equal results.

The bytes of the recording and how they are read, the stretch, our code, the weights, exports and
calibration in use, every setting, and what computes: libraries, threads, device, instruction set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from road_clarity.evaluation.units.unit import Reading, Shard
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends.exported import exports_folder
from road_clarity.pipeline.backends.runtime import multiplies_bfloat16
from road_clarity.pipeline.calibration_file import read_calibration
from road_clarity.pipeline.evidence.provenance import parameters_of, sources_sha256
from road_clarity.pipeline.presets import PipelineConfig

FORMAT = 1  # of the unit folder
CODE = ("models", "safety", "pipeline", "evaluation")  # folders whose code makes a unit
LIBRARIES = ("torch", "numpy", "opencv-contrib-python-headless", "av", "rosbags", "foxglove-sdk")
BLOCK = 1 << 20


def content_key(origin: Mapping[str, Any], recording: str, reading: Reading, shard: Shard) -> str:
    """origin: of `origin_of_results`; recording: sha256 of its bytes."""
    told = {
        "origin": origin,
        "recording": recording,
        "reading": asdict(reading),
        "shard": asdict(shard),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def origin_of_results(config: PipelineConfig, device: str, threads: int) -> dict[str, Any]:
    """Everything but the recording.  Raises BadInput for weights that have no card."""
    return {
        "format": FORMAT,
        "code": sources_sha256(CODE),
        "weights": dict(weight_files(config)),
        "exports": dict(export_files(config)),
        "calibration": calibration_id(config),
        "parameters": parameters_of(config),
        "machine": machine(device, threads),
    }


def machine(device: str, threads: int | list[int]) -> dict[str, Any]:
    """What the last bits of a sum depend on."""
    return {
        "libraries": {name: version(name) for name in LIBRARIES},
        "threads": threads,
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else device,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "bf16": multiplies_bfloat16(device),
    }


def weight_names(config: PipelineConfig) -> list[str]:
    """Every setting that names weights which are here."""
    known = set(weights.names())
    return sorted(
        {
            value
            for part in fields(config)
            for value in vars(getattr(config, part.name)).values()
            if isinstance(value, str) and value in known
        }
    )


def weight_files(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    """Name and sha256 of the weights as they are on the disk, whatever their card says."""
    for name in weight_names(config):
        yield name, path_sha256(weights.place(name) / f"{name}.safetensors")


def export_files(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    """Of every export of these weights; a backend says which of them it takes."""
    for name in weight_names(config):
        for folder in sorted(exports_folder().glob(f"{name}-*")):
            yield folder.name, path_sha256(folder)


def calibration_id(config: PipelineConfig) -> str:
    """Its id is a hash of its content.  Raises BadInput."""
    named = config.safety.calibration
    return read_calibration(Path(named)).id if named else ""


def path_sha256(path: Path) -> str:
    """Of a file's bytes; of a folder, over the names and bytes of all files that are not hidden."""
    if path.is_file():
        return file_sha256(path)
    digest = hashlib.sha256()
    for one in sorted(path.rglob("*")):
        inside = one.relative_to(path)
        if one.is_file() and not any(part.startswith(".") for part in inside.parts):
            digest.update(f"{inside.as_posix()}\0{file_sha256(one)}\n".encode())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
