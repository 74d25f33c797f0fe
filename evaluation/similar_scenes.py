"""Which embedding finds scenes again: far apart in time, is the nearest frame of the same drive?

python -m road_clarity.evaluation.similar_scenes RECORDING... [--model vae_edge]

Every RECORDING is one drive.  A frame asks for its nearest among all frames but those of its own
drive that are less than GAP_S away; it is right when the answer is of the same drive.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from road_clarity.evaluation.sources import open_source
from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.pipeline.world import network_input

GAP_S = 3.0
STEP_S = 0.5  # between the frames that ask and answer
SPAN_S = 1.0  # of a mean, the frame in the middle
Vectors = NDArray[np.float32]


@torch.inference_mode()
def latents(vae: Autoencoder, recording: Path) -> tuple[NDArray[np.float64], Vectors, Vectors]:
    """Stamps [s], latents and whitened latents (T, D) of every frame."""
    stamps, raw = [], []
    for frame in open_source(recording).frames:
        stamps.append(frame.stamp_ns * 1e-9)
        raw.append(vae.encode(network_input(frame.image, vae.side))[0])
    stacked = torch.cat(raw)
    return np.array(stamps), stacked.numpy(), vae.calm_latent.white(stacked).numpy()


def averaged(stamps: NDArray[np.float64], vectors: Vectors) -> Vectors:
    """The mean over SPAN_S around every frame: (T, D)"""
    near = np.abs(stamps[:, None] - stamps[None]) <= SPAN_S / 2
    return np.asarray(near @ vectors / near.sum(axis=1, keepdims=True), np.float32)


def unit(vectors: Vectors) -> Vectors:
    """Of length one, so that distances are angles."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def found_again(drives: NDArray[np.int64], stamps: NDArray[np.float64], vectors: Vectors) -> float:
    """Share of the frames whose nearest is of the same drive."""
    distance = np.square(vectors[:, None] - vectors[None]).sum(axis=2)
    close = np.abs(stamps[:, None] - stamps[None]) < GAP_S
    distance[(drives[:, None] == drives[None]) & close] = np.inf
    return float((drives[distance.argmin(axis=1)] == drives).mean())


def embeddings(vae: Autoencoder, recordings: Sequence[Path]) -> Iterator[tuple[str, float]]:
    """Name of each kind of embedding, and how often it finds the drive again."""
    seen = [latents(vae, one) for one in recordings]
    thin = [np.unique(np.searchsorted(s, np.arange(s[0], s[-1], STEP_S))) for s, _, _ in seen]
    drives = np.concatenate([np.full(len(at), n) for n, at in enumerate(thin)])
    stamps = np.concatenate([s[at] for (s, _, _), at in zip(seen, thin, strict=True)])
    kinds = {
        "latent": [raw for _, raw, _ in seen],
        "whitened latent": [white for _, _, white in seen],
        "latent, mean of a second": [averaged(s, raw) for s, raw, _ in seen],
        "whitened latent, mean of a second": [averaged(s, white) for s, _, white in seen],
    }
    for name, parts in kinds.items():
        vectors = np.concatenate([part[at] for part, at in zip(parts, thin, strict=True)])
        yield name, found_again(drives, stamps, vectors)
        yield f"{name}, angle", found_again(drives, stamps, unit(vectors))
    yield "by chance", float(np.square(np.bincount(drives) / len(drives)).sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--model", default="vae_edge")
    asked = parser.parse_args()
    vae, _ = weights.load(asked.model)
    if not isinstance(vae, Autoencoder):
        raise BadInput("model", asked.model, "is no autoencoder; take vae_edge or rg_edge")
    for name, share in embeddings(vae, asked.recordings):
        print(f"{share:6.1%}  {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
