"""How the server gets its networks.  Imported when they are needed: torch takes seconds."""

from __future__ import annotations

from pathlib import Path

from road_clarity.models.errors import BadInput
from road_clarity.service.errors import invalid
from road_clarity.service.explainer import Explainer, MapMaker, Prober, SheetDrawer
from road_clarity.service.workshop import Loaders


def load_world_model() -> Explainer:
    """Raises BadInput when its weights cannot be used."""
    from road_clarity.service.world_explainer import WorldExplainer

    return WorldExplainer()


def load_networks() -> MapMaker:
    """Raises BadInput when their weights cannot be used."""
    from road_clarity.service.network_explainer import NetworkExplainer

    return NetworkExplainer()


def load_world_sheets() -> SheetDrawer:
    """Raises BadInput when its weights cannot be used."""
    from road_clarity.service.sheet_explainer import WorldSheets

    return WorldSheets()


def load_prober(run: Path) -> Prober:
    """Raises BadInput when settings or weights cannot be used, Refusal for other weights."""
    from road_clarity.service.run_prober import RunProber

    return RunProber(run)


def load_named(name: str) -> Explainer:
    """Another world model.  Raises Refusal when there is none of that name."""
    from road_clarity.pipeline.weights import names
    from road_clarity.pipeline.world import WorldConfig, pair_of
    from road_clarity.service.world_explainer import WorldExplainer

    if name not in names():
        raise invalid("model", f"no weights {name[:50]}; ListModels names them")
    try:
        seeing, remembering = pair_of(name)
        return WorldExplainer(WorldConfig(vae=seeing, lstm=remembering))
    except BadInput as error:
        raise invalid("model", f"{name} is no world model that can be used: {error}") from error


PIPELINE = Loaders(load_world_model, load_networks, load_world_sheets, load_prober, load_named)
