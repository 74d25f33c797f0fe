"""The explainer node: why the world model fails on flagged images, worked out beside the live work.

It hears what the world model of the same process saw, and the risk from its topic.  What is asked
and answered: pipeline.live_explanation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from road_clarity_msgs import msg

from road_clarity.nodes.conversions import (
    LEVEL_NAMES,
    header_at,
    reason_to_message,
    risk_from_message,
)
from road_clarity.nodes.health import Condition, Severity
from road_clarity.nodes.lifecycle import RoadNode
from road_clarity.nodes.pictures import to_image
from road_clarity.nodes.qos import RESULT, RISK
from road_clarity.nodes.stage_node import Sight
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.explained_pair import ExplainedPair
from road_clarity.pipeline.live_explanation import (
    FLAGGED,
    METHOD,
    ExplainerConfig,
    LiveExplanation,
    Question,
)
from road_clarity.pipeline.presets import PipelineConfig
from road_clarity.pipeline.slots import StageWorker
from road_clarity.safety.finding import Finding
from road_clarity.safety.ladder import Rung


class ExplainerNode(RoadNode):
    """Risk in, explanations of flagged images out."""

    def __init__(self) -> None:
        super().__init__("explainer")
        self.is_wanted = True  # any thread may set it: what is not wanted is not even asked
        self.networks: Callable[[], Sequence[Running]] = lambda: ()  # of the world model
        self.flagged = self.explained = 0  # images
        self._pair = ExplainedPair()
        self._memory = LiveExplanation(ExplainerConfig())
        self._worker: StageWorker[Question] | None = None
        self._out = self.create_lifecycle_publisher(msg.Explanation, "~/out/explanation", RESULT)
        self.create_subscription(msg.Risk, "~/in/risk", self._on_risk, RISK)

    def settings(self, chosen: PipelineConfig) -> ExplainerConfig:
        return ExplainerConfig()

    def build(self, settings: ExplainerConfig) -> None:
        self._memory = LiveExplanation(settings)
        self._worker = StageWorker("explainer", self._explain, self._failed, settings.niceness)

    def release(self) -> None:
        if self._worker is not None and not self._worker.stop():
            self.get_logger().error("an explanation hangs; its thread is left behind")
        self._worker = None
        self._memory.forget()

    def hear_world(self, sight: Sight, part: Any) -> None:
        """What the world model made of a frame; None when it failed.  Never waits."""
        if part is not None and self.is_active:
            self._memory.see(sight.frame, part, sight.stream)

    def see_rung(self, rung: Rung) -> None:
        """Under load explanations are the first to go."""
        self.is_wanted = rung > Rung.NO_EXPLANATION

    def values(self) -> dict[str, str]:
        return {
            "explained images": str(self.explained),
            "skipped images": str(self.flagged - self.explained),
            "wanted": "yes" if self.is_wanted else "no",
        }

    def condition(self) -> Condition:
        """That nothing is flagged is no fault."""
        found = super().condition()
        if found.severity != Severity.STALE:
            return found
        return Condition(Severity.OK, "nothing to explain", found.values)

    def _on_risk(self, message: msg.Risk) -> None:
        worker = self._worker
        if LEVEL_NAMES[message.level] not in FLAGGED or not self.is_active or worker is None:
            return
        self.flagged += 1
        if not self.is_wanted:
            return
        question = self._memory.question(risk_from_message(message), time.monotonic())
        if question is not None:
            worker.slot.put(question)

    # In the thread --------------------------------------------------------------------------------

    def _explain(self, asked: Question) -> None:
        pair = self._pair.of(self.networks())
        if pair is None or not self.is_wanted:
            return
        started = perf_counter()
        answer = self._memory.answer(pair, asked)
        header = header_at(asked.frame.stamp_ns, asked.frame.frame_id)
        self._out.publish(
            msg.Explanation(
                header=header,
                method=METHOD,
                reasons=[reason_to_message(reason) for reason in asked.risk.reasons],
                heat=to_image(answer.error_map, "32FC1", header),
                findings=[finding_to_message(one) for one in answer.findings],
            )
        )
        self.explained += 1
        self.health.note_done(perf_counter() - started)

    def _failed(self, asked: Question, error: Exception) -> None:
        text = f"no explanation: {error}"
        self.health.note_fault(text)
        self.get_logger().error(text, throttle_duration_sec=1.0)


def finding_to_message(finding: Finding) -> msg.Finding:
    return msg.Finding(
        about=finding.about,
        region=np.array(finding.region, np.float64),
        share=float(finding.share),
        layer=finding.layer,
        maps=[name for name, _ in finding.maps],
        map_shares=[float(share) for _, share in finding.maps],
        text=finding.text,
    )
