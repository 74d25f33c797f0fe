"""The risk as numbers for Prometheus: a fleet sees which vehicles run degraded or blind."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram

from road_clarity.nodes.conversions import LEVEL_NAMES
from road_clarity.safety.ladder import Rung
from road_clarity.safety.scene import Risk

SECONDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)  # upper ends of the histogram's parts


class RiskMetrics:
    """A registry of its own, so that two nodes in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        levels = list(LEVEL_NAMES.values())
        self._score = Gauge("road_clarity_risk_score", "Of the last image", registry=self.registry)
        self._level = Enum(
            "road_clarity_risk_level", "Of the last image", states=levels, registry=self.registry
        )
        self._rung = Enum(
            "road_clarity_rung",
            "How much of the work is done under the present load",
            states=[one.name.lower() for one in Rung],
            registry=self.registry,
        )
        self._told = Counter("road_clarity_risks", "Risks told", ("level",), registry=self.registry)
        self._age = Histogram(
            "road_clarity_risk_age_seconds",
            "From an image's stamp to its risk",
            buckets=SECONDS,
            registry=self.registry,
        )
        for level in levels:
            self._told.labels(level)  # 0 is a number, too
        self._rung.state(Rung.UNKNOWN.name.lower())
        self._level.state("unknown")
        self._score.set(1.0)

    def tell(self, risk: Risk, rung: Rung, age_s: float) -> None:
        """age_s: of the image when its risk was known"""
        self._score.set(risk.score)
        self._level.state(risk.level)
        self._rung.state(rung.name.lower())
        self._told.labels(risk.level).inc()
        self._age.observe(age_s)
