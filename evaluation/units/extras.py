"""Packages of the extra `fleet`, asked for only where they are needed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from road_clarity.models.errors import BadInput


def fleet_package(name: str, wanted_for: str) -> ModuleType:
    """Raises BadInput where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        remedy = f"is not installed; {wanted_for} needs it: pip install 'road_clarity[fleet]'"
        raise BadInput("package", name, remedy) from error
