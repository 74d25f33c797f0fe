"""Evidence that lasts: bundles, their index, and what people said about them.

Import from the modules; what other parts ask for most is here.
"""

from __future__ import annotations

from road_clarity.pipeline.evidence.labelled_clips import labelled

__all__ = ["labelled"]
