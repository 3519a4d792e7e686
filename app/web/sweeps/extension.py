"""The form with which a sweep is extended."""

from collections.abc import Mapping

from app.contract.experiment import FieldError
from app.records import Sweep
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget, Stop
from app.sweeps.typed import axis, typed
from app.web.form.several import part_of


def filled(sweep: Sweep) -> dict[str, str]:
    """Return the form as the sweep is: its axes by `axes.FIELD`, its budget and its stop rules."""
    written = {f"axes.{path}": typed(axis) for path, axis in sweep.axes.items()}
    for prefix, part in (("budget", sweep.budget), ("stop", sweep.stop)):
        for name, value in part.model_dump().items():
            written[f"{prefix}.{name}"] = "" if value is None else f"{value:.10g}"
    return written


def extension(sweep: Sweep, data: Mapping[str, str]) -> tuple[dict[str, Axis], Budget, Stop]:
    """Return the axes that were changed, the budget and the stop rules. Raises FieldError."""
    changed = {}
    before = filled(sweep)
    for path, levels in sweep.axes.items():
        name = f"axes.{path}"
        text = data.get(name, before[name]).strip()
        if text != before[name]:
            listed = levels.values is not None and any(isinstance(value, list | tuple) for value in levels.values)
            try:
                changed[path] = axis(text, listed=listed)
            except FieldError as error:
                raise FieldError(name, error.message) from None
    given = {**before, **data}
    return changed, part_of(Budget, given, "budget"), part_of(Stop, given, "stop")
