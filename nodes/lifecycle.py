"""What all nodes share: settings from the preset, autostart, health, refusal of late changes."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

from road_clarity.nodes.diagnostics import Diagnostics
from road_clarity.nodes.health import Condition, Health, Severity
from road_clarity.nodes.inputs import Inputs
from road_clarity.nodes.parameters import declare, flat, read
from road_clarity.nodes.watchdog import OF_PROCESS, PREFIX, WatchdogConfig, hangs, is_lost
from road_clarity.pipeline.in_hand import InHand
from road_clarity.pipeline.presets import PipelineConfig, preset

PRESET = "which networks at which size; the other parameters' defaults come from it"
DEVICE = "where networks run: auto, cpu or cuda"
AUTOSTART = "configure and activate at start, without a lifecycle manager"


class RoadNode(LifecycleNode):
    """A lifecycle node whose parameters are a settings dataclass.

    Subclasses say what their settings are (`settings`), what to build from them (`build`) and how
    to let go of it (`release`).
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.health, self.inputs, self.limits = Health(), Inputs(), WatchdogConfig()
        self.is_active = False
        self._is_configured = False
        self._refusal: Exception | None = None  # why it could not be configured
        fixed = ParameterDescriptor(read_only=True, description=PRESET)
        chosen = preset(self.declare_parameter("preset", "edge", fixed).value)
        self._declare_text("device", "auto", DEVICE)
        self._autostart = self.declare_parameter(
            "autostart", True, ParameterDescriptor(read_only=True, description=AUTOSTART)
        ).value
        self._defaults = self.settings(chosen)
        declare(self, self._defaults)
        declare(self, self.limits, PREFIX)
        names = (*flat(self._defaults), *flat(self.limits, PREFIX))
        self._settings_names = {"device", *(name for name, _, _ in names)}
        self.add_on_set_parameters_callback(self._refuse_late_change)
        Diagnostics(self, self.condition, hardware_id="camera")

    def _declare_text(self, name: str, default: str, doc: str) -> None:
        self.declare_parameter(name, default, ParameterDescriptor(description=doc))

    @property
    def device(self) -> str:
        return str(self.get_parameter("device").value)

    # What a subclass says ------------------------------------------------------------------------

    def settings(self, chosen: PipelineConfig) -> Any:
        """The part of the preset that this node's parameters are."""
        raise NotImplementedError

    def build(self, settings: Any) -> None:
        """Get ready to work.  Raises BadInput."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go of what `build` made."""
        raise NotImplementedError

    def values(self) -> dict[str, str]:
        """More lines for the diagnostics."""
        return {}

    def heard(self) -> tuple[str, ...]:
        """Inputs whose silence is worth an error."""
        return ()

    def in_hand(self) -> InHand | None:
        """What the node's thread is working on, where it has one."""
        return None

    # The life of the node ------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        OF_PROCESS.pause()
        try:
            self.limits = read(self, WatchdogConfig(), PREFIX)
            self.build(read(self, self._defaults))
        except Exception as error:  # rclpy would swallow it without a word
            self._refusal = error
            self.health.note_fault(f"not configured: {error}")
            self.get_logger().error(f"not configured: {error}")
            return TransitionCallbackReturn.FAILURE
        self._is_configured = True
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.inputs.expect(*self.heard())
        self.is_active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.is_active = False
        self.inputs.expect()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        OF_PROCESS.pause()
        self.release()
        self._is_configured = False
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        OF_PROCESS.pause()
        self.is_active = False
        self.release()
        return super().on_shutdown(state)

    # What the hosting process calls --------------------------------------------------------------

    def start(self) -> None:
        """Without autostart a lifecycle manager does this.  Raises what kept it from working."""
        if not self._autostart:
            return
        self.trigger_configure()
        if self._refusal is not None:
            raise self._refusal
        self.trigger_activate()

    def stop(self) -> None:
        self.is_active = False
        self.release()

    def done(self) -> bool:
        return False

    def is_lost(self) -> bool:
        return is_lost(self.in_hand(), self.limits)

    def _LifecycleNodeMixin__change_state(self, transition_id: int) -> TransitionCallbackReturn:
        """rclpy would let an id that does not exist end the executor, and give no answer.

        The name is private, as there is no other way in; were it renamed, process.spin survives.
        """
        try:
            return super()._LifecycleNodeMixin__change_state(transition_id)
        except Exception as error:
            self.get_logger().error(f"transition {transition_id} is refused: {error}")
            return TransitionCallbackReturn.FAILURE

    # What others ask -----------------------------------------------------------------------------

    def condition(self) -> Condition:
        found = self.health.condition()
        values = {**found.values, **self.inputs.values(), **self.values()}
        if hangs(work := self.in_hand(), self.limits):
            assert work is not None
            return Condition(Severity.ERROR, f"hangs for {work.lasts_s:.0f} s", values)
        if found.severity == Severity.ERROR:
            return Condition(found.severity, found.text, values)
        if not self.is_active:
            return Condition(Severity.WARN, "not active", values)
        if silent := self.inputs.silent(self.limits.silent_s):
            text = f"for over {self.limits.silent_s:g} s nothing came of: {', '.join(silent)}"
            return Condition(Severity.ERROR, text, values)
        return Condition(found.severity, found.text, values)

    def _refuse_late_change(self, changes: list[Parameter]) -> SetParametersResult:
        """Settings are read at configure; to accept a change without effect would be a lie."""
        late = [change.name for change in changes if change.name in self._settings_names]
        if not self._is_configured or not late:
            return SetParametersResult(successful=True)
        names = ", ".join(late)
        return SetParametersResult(
            successful=False, reason=f"{names}: read at configure; deactivate and clean up first"
        )
