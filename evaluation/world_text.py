"""The scores of `evaluate world` as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {"vae": "VAE", "rg": "transparent (RG)", "pca": "PCA"}
CAUSES = ("cause_layer", "pointing", "pointing_single_frame")
FIGURES = {
    "nss": "NSS of relevance (chance 0)",
    "nss_shuffled": "  with shuffled weights",
    "nss_memory_shuffled": "  with shuffled weights of the memory",
    "nss_taken_back": "NSS of motion that the memory takes back",
    "nss_taken_back_shuffled": "  with shuffled weights",
    "nss_taken_back_memory_shuffled": "  with shuffled weights of the memory",
    "deletion": "deletion (lower is better)",
    "deletion_random": "  in random order",
    "insertion": "insertion (higher is better)",
    "insertion_random": "  in random order",
    "randomisation": "same order of pixels with shuffled weights (best 0)",
    "stability": "stability from frame to frame",
}


def world_text(scores: Mapping[str, Any]) -> str:
    kinds = [kind for kind in NAMES if kind in scores]
    return "\n".join(
        (
            *pictures(scores, kinds),
            "",
            *relevance(scores, kinds),
            "",
            *causes(scores),
            *seen(scores),
        )
    )


def pictures(scores: Mapping[str, Any], kinds: list[str]) -> Iterator[str]:
    """A line for each pair, and for copying."""
    copied = scores["copy_last_mse"]
    yield row("mean squared error", ["redrawn", *(f"{horizon} s" for horizon in copied)])
    for kind in kinds:
        found = scores[kind]
        yield row(NAMES[kind], [found["reconstruction_mse"], *found["horizon_mse"].values()])
        steady = found["constant_velocity_mse"].values()
        yield row("  constant velocity", ["", *steady])
    yield row("copy of the last frame", ["", *copied.values()])


def relevance(scores: Mapping[str, Any], kinds: list[str]) -> Iterator[str]:
    yield row("relevance", [kind.upper() for kind in kinds], 52)
    for figure, name in FIGURES.items():
        yield row(name, [scores[kind][figure] for kind in kinds], 52)
    for name, value in scores["nss_without_network"].items():
        yield row(f"NSS of {name.replace('_', ' ')}", [value], 52)


def causes(scores: Mapping[str, Any]) -> Iterator[str]:
    """Of recordings, whether healthy networks are called faulty is all that is known."""
    if "causes" in scores:
        yield from planted(scores)
    for kind, share in scores.get("false_fault", {}).items():
        yield row(f"{kind.upper()} healthy, called faulty", ["", share])
    yield ""


def planted(scores: Mapping[str, Any]) -> Iterator[str]:
    yield row("planted causes", ["planted", "right layer", "right place", "one frame"])
    for kind, found in scores["causes"].items():
        for cause, one in found.items():
            figures = [one["planted"], *(one.get(name) for name in CAUSES)]
            yield row(f"{kind.upper()} {cause.replace('_', ' ')}", figures)
    yield row("all", ["", *(scores[name] for name in CAUSES)])


def seen(scores: Mapping[str, Any]) -> Iterator[str]:
    yield ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in scores["counts"].items())


def row(name: str, cells: list[Any], width: int = 26) -> str:
    return f"{name:{width}}" + "".join(f"{cell(one):>12}" for one in cells)


def cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.5f}" if isinstance(value, float) else str(value)
