"""What explanations are made with, loaded by the worker that asks first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from road_clarity.service.explain_queue import PerWorker
from road_clarity.service.explainer import Explainer, MapMaker, Prober, SheetDrawer

MOST_MODELS = 3  # world models besides the pipeline's that stay loaded


@dataclass(frozen=True)
class Loaders:
    """Each raises BadInput when weights cannot be used."""

    explainer: Callable[[], Explainer]
    maps: Callable[[], MapMaker]
    sheets: Callable[[], SheetDrawer]
    prober: Callable[[Path], Prober]  # of the run that is served; raises Refusal, too
    model: Callable[[str], Explainer]  # another world model by its name; raises Refusal for none


class Workshop:
    """Only for work on the explain queue: no two of its threads share a network."""

    def __init__(self, loaders: Loaders, run: Path) -> None:
        """run: the folder that is served"""
        self.explainer = PerWorker(loaders.explainer)
        self.maps = PerWorker(loaders.maps)
        self.sheets = PerWorker(loaders.sheets)
        self.prober = PerWorker(partial(loaders.prober, run))
        self._load_model = loaders.model
        self._others: PerWorker[OrderedDict[str, Explainer]] = PerWorker(OrderedDict)

    def world(self, model: str) -> Explainer:
        """The pipeline's own for an empty name.  Raises Refusal, BadInput."""
        if not model:
            return self.explainer()
        others = self._others()
        if model not in others:
            others[model] = self._load_model(model)
            if len(others) > MOST_MODELS:
                others.popitem(last=False)
        others.move_to_end(model)
        return others[model]
