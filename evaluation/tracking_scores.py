"""Scores of single-target trackers, counted as each benchmark's own tool counts.

OTB (Wu et al. 2015), LaSOT (Fan et al. 2019), GOT-10k (Huang et al. 2019), TLD (Kalal et al. 2012).
All share the measures; they differ in which frames count, in what an unusable answer is worth, and
in whether a mean over sequences weighs long ones more.

T frames of a sequence, F of them count.  Boxes are x0, y0, x1, y1 [px], nan where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from road_clarity.models.box_text import Boxes

PerFrame = NDArray[np.float64]  # (F,)
Compared = tuple[PerFrame, PerFrame, PerFrame]  # overlap, distance, share; see Judged
Scores = dict[str, float | None]  # None: not defined, such as the precision of no answers

OVERLAPS = np.linspace(0, 1, 21)  # thresholds of the success curve
NEAR_PX = 20.0  # distance of the centres that counts as precise
NEAR_SHARE = 0.2  # the same in target sizes
SHARES = np.linspace(0, 0.5, 51)  # thresholds of the normalised precision curve
DETECTED = 0.25  # overlap that counts as found in TLD
OUTER_PIXEL = np.array([0.0, 0.0, 1.0, 1.0])  # TLD's corners are the outermost pixels themselves

OVERLAP_MEANS = ("ao", "sr_50", "sr_75")
DETECTION_MEANS = ("tld_precision", "tld_recall", "tld_f")

MISS, FAR = -1.0, np.inf  # overlap and distance that pass no threshold


@dataclass(frozen=True, eq=False)
class Judged:
    """One run on one sequence, held against the truth."""

    overlap: PerFrame
    distance: PerFrame  # of the centres [px]
    share: PerFrame  # the same, each axis in sizes of the true box
    found: int  # answers that overlap the target by more than DETECTED
    answers: int
    targets: int  # frames in which the target is visible
    length: int  # T

    def scores(self) -> Scores:
        return {
            "success_auc": float((self.overlap[:, None] > OVERLAPS).mean()),
            "precision": float((self.distance <= NEAR_PX).mean()),
            "normalised_precision": float((self.share <= NEAR_SHARE).mean()),
            "normalised_precision_auc": float((self.share[:, None] <= SHARES).mean()),
            "ao": float(self.overlap.clip(0).mean()),
            "sr_50": float((self.overlap > 0.5).mean()),
            "sr_75": float((self.overlap > 0.75).mean()),
            **self.detection(),
        }

    def detection(self) -> Scores:
        """TLD's precision, recall and their harmonic mean."""
        precision = self.found / self.answers if self.answers else None
        recall = self.found / self.targets
        both = self.answers + self.targets
        return {"tld_precision": precision, "tld_recall": recall, "tld_f": 2 * self.found / both}


@dataclass(frozen=True)
class Protocol:
    """How one benchmark prepares answers and truth."""

    compare: Callable[[Boxes, Boxes], Compared]
    outer_pixel: bool = False  # whether corners are pixels, so that a box ends one later
    by_frame: tuple[str, ...] = ()  # measures whose mean weighs a sequence by its frames


def judge(said: Boxes, truth: Boxes, protocol: Protocol) -> Judged:
    """said, truth: (T, 4)"""
    found, answers, targets = detections(said, truth, protocol.outer_pixel)
    return Judged(*protocol.compare(said, truth), found, answers, targets, len(truth))


def joined(runs: list[Judged]) -> Judged:
    """Repeated runs on one sequence count as one long one."""
    return Judged(
        overlap=np.concatenate([one.overlap for one in runs]),
        distance=np.concatenate([one.distance for one in runs]),
        share=np.concatenate([one.share for one in runs]),
        found=sum(one.found for one in runs),
        answers=sum(one.answers for one in runs),
        targets=sum(one.targets for one in runs),
        length=sum(one.length for one in runs),
    )


def mean_scores(each: list[Judged], protocol: Protocol) -> Scores:
    """Over sequences: each counts once, except where the benchmark weighs them by their frames."""
    rows = [one.scores() for one in each]
    alike = np.ones(len(each))
    frames = {
        **dict.fromkeys(OVERLAP_MEANS, np.array([len(one.overlap) for one in each])),
        **dict.fromkeys(DETECTION_MEANS, np.array([one.length for one in each])),
    }
    return {
        key: weighted(
            [row[key] for row in rows], frames[key] if key in protocol.by_frame else alike
        )
        for key in rows[0]
    }


def weighted(values: Iterable[float | None], weights: NDArray[np.float64]) -> float | None:
    """Mean of those that are defined; None when none is."""
    pairs = [(v, w) for v, w in zip(values, weights, strict=True) if v is not None]
    return sum(v * w for v, w in pairs) / sum(w for _, w in pairs) if pairs else None


def otb(said: Boxes, truth: Boxes) -> Compared:
    """The first answer is given.  An unusable one repeats the one before.

    Where the true box is not wholly positive, nothing succeeds and everything is precise: the
    toolkit marks both with -1.
    """
    positive = (truth[:, :2] > 0).all(axis=1) & (sizes(truth) > 0).all(axis=1)
    measured = plainly(repeated(said, truth), truth)
    overlap, distance, share = (np.where(positive, one, -1.0) for one in measured)
    return overlap, distance, share


def lasot(said: Boxes, truth: Boxes) -> Compared:
    """As OTB; a frame without the target is a miss, for it stays in the number of frames."""
    absent = ~visible(truth)
    overlap, distance, share = otb(said, truth)
    distance[absent] = share[absent] = FAR
    return overlap, distance, share


def got10k(said: Boxes, truth: Boxes) -> Compared:
    """The first frame is no merit and does not count, nor do those without the target."""
    counts = visible(truth)
    counts[0] = False
    return plainly(said[counts], truth[counts])


def tld(said: Boxes, truth: Boxes) -> Compared:
    """Frames without the target do not count."""
    counts = visible(truth)
    return plainly(said[counts], truth[counts])


def plainly(said: Boxes, truth: Boxes) -> Compared:
    """No answer is a miss."""
    silent = ~visible(said)
    overlap, distance, share = overlaps(said, truth), distances(said, truth), shares(said, truth)
    overlap[silent], distance[silent], share[silent] = MISS, FAR, FAR
    return overlap, distance, share


PROTOCOLS = {
    "otb": Protocol(otb),
    "lasot": Protocol(lasot),
    "got10k": Protocol(got10k, by_frame=OVERLAP_MEANS),
    "tld": Protocol(tld, outer_pixel=True, by_frame=DETECTION_MEANS),
}


def detections(said: Boxes, truth: Boxes, outer_pixel: bool) -> tuple[int, int, int]:
    """TLD's counts: answers that find the target, answers, frames with the target."""
    if outer_pixel:
        said, truth = said + OUTER_PIXEL, truth + OUTER_PIXEL
    overlap = overlaps(fitted(said, truth), truth)
    where = (overlap > DETECTED, visible(said), visible(truth))  # nan is not above
    found, answers, targets = (int(one.sum()) for one in where)
    return found, answers, targets


def fitted(said: Boxes, truth: Boxes) -> Boxes:
    """All answers moved and scaled as the first one must be to become the first true box."""
    if not (visible(said[:1]).all() and visible(truth[:1]).all() and (sizes(said[:1]) > 0).all()):
        return said
    scale = sizes(truth[:1]) / sizes(said[:1])
    middle = centres(said) + centres(truth[:1]) - centres(said[:1])
    half = sizes(said) * scale / 2
    return np.hstack([middle - half, middle + half])


def repeated(said: Boxes, truth: Boxes) -> Boxes:
    """(T, 4) with the first box given, and the box before in place of nan and of empty boxes."""
    usable = visible(said) & (sizes(said) > 0).all(axis=1)
    last = np.maximum.accumulate(np.where(usable, np.arange(len(said)), 0))
    begun = np.vstack([said[:1] if usable[0] else truth[:1], said[1:]])
    return np.vstack([truth[:1], begun[last][1:]])


def visible(boxes: Boxes) -> NDArray[np.bool_]:
    """(T,) whether there is a box"""
    return np.asarray(np.isfinite(boxes).all(axis=1))


def sizes(boxes: Boxes) -> NDArray[np.float64]:
    """(T, 2) width, height"""
    return boxes[:, 2:] - boxes[:, :2]


def centres(boxes: Boxes) -> NDArray[np.float64]:
    """(T, 2) x, y"""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def overlaps(a: Boxes, b: Boxes) -> PerFrame:
    """(T,) intersection over union; nan where a box is, 0 for two empty boxes"""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    both = sides.clip(0).prod(axis=1)
    either = sizes(a).prod(axis=1) + sizes(b).prod(axis=1) - both
    out: PerFrame = np.divide(both, either, out=both.copy(), where=either != 0)
    return out


def distances(a: Boxes, b: Boxes) -> PerFrame:
    """(T,) between the centres [px]"""
    offset = centres(a) - centres(b)
    out: PerFrame = np.hypot(offset[:, 0], offset[:, 1])
    return out


def shares(said: Boxes, truth: Boxes) -> PerFrame:
    """(T,) between the centres, x in widths and y in heights of the true box; far if it is empty"""
    offset, size = centres(said) - centres(truth), sizes(truth)
    scaled = np.divide(offset, size, out=np.full_like(offset, FAR), where=size != 0)
    out: PerFrame = np.hypot(scaled[:, 0], scaled[:, 1])
    return out
