"""Many targets at once: CLEAR MOT (Bernardin, Stiefelhagen 2008), IDF1 (Ristani et al. 2016).

The files are those of MOTChallenge: frame, identity, left, top, width, height, confidence, ...
Counting is py-motmetrics' work, the reference of the field; a truth whose confidence is 0 does not
count, as in its own program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.errors import BadInput

Rows = NDArray[np.float64]  # (N, 7) frame, identity, left, top, width, height, confidence
Scores = dict[str, float | int | None]  # None: not defined, such as the precision of no answers

SAME = 0.5  # greatest distance, 1 - IoU, at which an answer may be somebody

# our key -> motmetrics' name
SHARES = {
    "mota": "mota",
    "motp": "motp",  # mean 1 - IoU of what was matched: 0 is perfect
    "idf1": "idf1",
    "id_precision": "idp",
    "id_recall": "idr",
    "precision": "precision",
    "recall": "recall",
}
COUNTS = {
    "fp": "num_false_positives",
    "fn": "num_misses",
    "switches": "num_switches",
    "fragmentations": "num_fragmentations",
    "mostly_tracked": "mostly_tracked",
    "partially_tracked": "partially_tracked",
    "mostly_lost": "mostly_lost",
    "identities": "num_unique_objects",
    "frames": "num_frames",
}


def evaluate_predictions(predictions: Path, truth: Path) -> dict[str, object]:
    """JSON: sequences {name: scores}, and overall over all of them.  Raises BadInput."""
    files = {name: (one, answer_of(name, predictions)) for name, one in truths(truth).items()}
    return scores(
        {
            name: (read_truth(one), read_mot("prediction", answer))
            for name, (one, answer) in files.items()
        }
    )


def scores(pairs: dict[str, tuple[Rows, Rows]]) -> dict[str, object]:
    """pairs: true and answered rows by sequence"""
    library = motmetrics()
    matched = [accumulate(library, was, said) for was, said in pairs.values()]
    table = library.metrics.create().compute_many(
        matched,
        metrics=[*SHARES.values(), *COUNTS.values()],
        names=list(pairs),
        generate_overall=True,
    )
    each = {name: row_scores(table.loc[name]) for name in pairs}
    return {"sequences": each, "overall": row_scores(table.loc["OVERALL"])}


def row_scores(row: Any) -> Scores:
    shares = {key: float(row[name]) for key, name in SHARES.items()}
    defined = {key: None if np.isnan(value) else value for key, value in shares.items()}
    return {**defined, **{key: int(row[name]) for key, name in COUNTS.items()}}


def accumulate(library: Any, was: Rows, said: Rows) -> Any:
    """Every frame that either speaks of, in order."""
    matched = library.MOTAccumulator()
    for frame in np.union1d(was[:, 0], said[:, 0]):
        there, here = (rows[rows[:, 0] == frame] for rows in (was, said))
        apart = distances(there[:, 2:6], here[:, 2:6])
        matched.update(there[:, 1].astype(int), here[:, 1].astype(int), apart, frameid=int(frame))
    return matched


def distances(was: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, 4), (N, 4) left, top, width, height -> (M, N) 1 - IoU, nan where that is too far apart

    The library's own needs a NumPy older than 2.
    """
    one, other = was[:, None], said[None]
    ends = np.minimum(one[..., :2] + one[..., 2:], other[..., :2] + other[..., 2:])
    both = (ends - np.maximum(one[..., :2], other[..., :2])).clip(0).prod(axis=-1)
    either = one[..., 2:].prod(axis=-1) + other[..., 2:].prod(axis=-1) - both
    apart = 1 - np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    out: NDArray[np.float64] = np.where(apart > SAME, np.nan, apart)
    return out


def truths(path: Path) -> dict[str, Path]:
    """By sequence: the file itself, or NAME/gt/gt.txt, or NAME/gt.txt.  Raises BadInput."""
    if path.is_file():
        return {path.stem if path.stem != "gt" else path.resolve().parent.name: path}
    for pattern in ("*/gt/gt.txt", "*/gt.txt"):
        found = sorted(path.glob(pattern))
        if found:
            return {one.relative_to(path).parts[0]: one for one in found}
    raise BadInput("--ground-truth", path, "must be a file, or hold NAME/gt/gt.txt or NAME/gt.txt")


def answer_of(name: str, predictions: Path) -> Path:
    """The file itself, or NAME.txt, or NAME/test.txt.  Raises BadInput."""
    if predictions.is_file():
        return predictions
    for path in (predictions / f"{name}.txt", predictions / name / "test.txt"):
        if path.is_file():
            return path
    raise BadInput("--predictions", predictions, f"has neither {name}.txt nor {name}/test.txt")


def read_truth(path: Path) -> Rows:
    """Those that count.  Raises BadInput when nobody does."""
    rows = read_mot("ground truth", path)
    rows = rows[rows[:, 6] >= 1]
    if not len(rows):
        raise BadInput("ground truth", path, "has nobody whose confidence, the 7th number, is 1")
    return rows


def read_mot(field: str, path: Path) -> Rows:
    """Raises BadInput, which names `field`."""
    lines = [
        line.split(",") for line in path.read_text(errors="replace").splitlines() if line.strip()
    ]
    if any(len(line) < 6 for line in lines):
        raise BadInput(field, path, "every line must be frame, identity, left, top, width, height")
    try:
        rows = np.array([[float(one) for one in (*line, "1")[:7]] for line in lines]).reshape(-1, 7)
    except ValueError as error:
        raise BadInput(field, path, f"every line must be numbers ({error})") from error
    require_possible(field, path, rows)
    return rows


def require_possible(field: str, path: Path, rows: Rows) -> None:
    """Raises BadInput for the first row that cannot be."""
    _, first = np.unique(rows[:, :2], axis=0, return_index=True)
    again = np.ones(len(rows), bool)
    again[first] = False
    for wrong, what in (
        (~np.isfinite(rows).all(axis=1), "is not finite"),
        ((rows[:, 4:6] < 0).any(axis=1), "has a negative size"),
        ((rows[:, :2] % 1 != 0).any(axis=1), "has a frame or identity that is no whole number"),
        (again, "names somebody whom the frame has already"),
    ):
        if wrong.any():
            raise BadInput(field, path, f"line {wrong.argmax() + 1} {what}")


def motmetrics() -> Any:
    """The library.  Raises BadInput where it is not installed."""
    try:
        import motmetrics as library
    except ImportError as error:
        raise BadInput("motmetrics", error, "pip install 'road_clarity[evaluate]'") from error
    return library
