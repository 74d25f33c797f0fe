"""What a flag is worth: the promise of the active calibration, clip by clip along the drive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from road_clarity.safety.calibration import Calibration
from road_clarity.safety.clip_calibration import p_value
from road_clarity.safety.clip_cutter import ClipCutter, Span
from road_clarity.safety.exchangeability import Exchangeability
from road_clarity.safety.scene import NO_PROMISE, Promise


class PromiseKeeper:
    """Sees the alarm score of every frame, and knows whether the promise still holds."""

    def __init__(
        self,
        calibration: Calibration | None = None,
        condition: str = "",
        differences: Sequence[str] = (),
    ) -> None:
        """condition: that the drive is in      differences: why the calibration is not valid here

        Raises BadInput.
        """
        self._promise, self._maxima = NO_PROMISE, tuple[float, ...]()
        self._cutter: ClipCutter | None = None
        self.drift: Exchangeability | None = None
        if calibration is None:
            return
        told = replace(NO_PROMISE, alpha=calibration.alpha, calibration_id=calibration.id)
        if differences:
            text = f"void, the calibration was made otherwise: {'; '.join(differences)}"
            self._promise = replace(told, state="void", text=text)
            return
        bin = calibration.bin(condition)
        self._maxima = bin.maxima
        self._cutter = ClipCutter(calibration.clip_s)
        self.drift = Exchangeability(bin.maxima, seed=int(calibration.id, 16))
        text = (
            f"at most {100 * calibration.alpha:.3g} % of nominal clips of {calibration.clip_s:g} s "
            f"raise a flag, if they are like the {len(bin.maxima)} calibration clips"
        )
        note = f" ({bin.note})" if bin.note else ""
        self._promise = replace(told, state="holds", text=text + note, threshold=bin.threshold)

    @property
    def threshold(self) -> float | None:
        """From which a scene is flagged [points]; None: the settings say it."""
        return self._promise.threshold

    def see(self, stamp_ns: int, alarm: float | None) -> Promise:
        """alarm: of the frame [points], None while the watch warms up (safety.alarm)."""
        if self._cutter is None:
            return self._promise
        self._over(self._cutter.see(stamp_ns, alarm))
        clip = self._cutter.open
        p = None if clip is None else p_value(self._maxima, clip.maximum)
        return replace(self._promise, p_value=p)

    def break_off(self) -> None:
        """Another recording, or a jump in time: the running clip ends here."""
        if self._cutter is not None:
            self._over(self._cutter.finish())

    def _over(self, clip: Span | None) -> None:
        if clip is None or self.drift is None:
            return
        self.drift.see(clip.maximum)
        if self.drift.refuted and self._promise.state == "holds":
            text = (
                f"withdrawn: the clips of this drive are unlike the calibration clips (test value "
                f"{self.drift.peak:.0f} after {self.drift.clips} clips); calibrate again"
            )
            self._promise = replace(self._promise, state="withdrawn", text=text)
