"""The form with which a sweep is extended."""

from collections.abc import Mapping

from app.contract.experiment import FieldError
from app.records import Sweep
from app.sweeps.axes import Axis
from app.sweeps.plan import Budget
from app.sweeps.typed import axis, typed
from app.web.form.several import budget_of


def filled(sweep: Sweep) -> dict[str, str]:
    """Return the form as the sweep is: its axes by `axes.FIELD`, and its budget."""
    written = {f"axes.{path}": typed(each) for path, each in sweep.axes.items()}
    budget = {f"budget.{name}": value for name, value in sweep.budget.model_dump().items()}
    return written | {name: "" if value is None else f"{value:g}" for name, value in budget.items()}


def extension(sweep: Sweep, data: Mapping[str, str]) -> tuple[dict[str, Axis], Budget]:
    """Return the axes that were changed, and the budget. Raises FieldError."""
    changed = {}
    before = filled(sweep)
    for path, each in sweep.axes.items():
        name = f"axes.{path}"
        text = data.get(name, before[name]).strip()
        if text != before[name]:
            listed = each.values is not None and any(isinstance(value, list | tuple) for value in each.values)
            try:
                changed[path] = axis(text, listed=listed)
            except FieldError as error:
                raise FieldError(name, error.message) from None
    return changed, budget_of({**before, **data}, "budget")
