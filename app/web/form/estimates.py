"""What a form describes as it is now: how much that is, and how long it would take."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.contract.experiment import FieldError
from app.plotting.sweep.data import label_of
from app.records import Run
from app.store import Store
from app.web.core.problems import Invalid
from app.web.form import form as forms
from app.web.form.checks import Problem, about, checked, problems_of
from app.web.form.several import Several, at_fields, plan_of, read
from app.web.form.several import about as sweep_fields
from app.web.submission.cost import Here
from app.web.submission.start import start
from app.web.submission.submit import trainable
from app.web.submission.sweep_submit import preview


@dataclass(frozen=True)
class Estimate:
    """What a spec comes to in words, or what is wrong with it; `lead` is shown where nothing can be estimated."""

    trainings: str = ""
    noun: str = ""
    formula: str = ""
    growth: str = ""
    outlook: str = ""
    time: str = ""
    queue: str = ""
    lead: str = ""
    problems: tuple[Problem, ...] = ()
    first: tuple[str, ...] = ()


def _sweep_estimate(store: Store, kind: str, data: Mapping[str, str], several: Several) -> Estimate:
    spec, errors = checked(store, kind, several.data, None)
    errors = {**errors, **several.errors}
    if spec is not None and not errors:
        try:
            sweep = preview(store, plan_of(spec, data, several.axes))
            return Estimate(
                trainings=f"{sweep.runs:,}",
                noun="run" if sweep.runs == 1 else "runs",
                formula=f"= a sweep over {', '.join(label_of(path, list(several.axes)) for path in several.axes)}",
                time=sweep.words,
                first=tuple(sweep.first_words),
            )
        except FieldError as error:
            errors = {error.field: error.message}
        except Invalid as refused:
            errors = at_fields(refused, spec, several)
    fields = (*about(data, errors), *sweep_fields(kind, data, errors))
    return Estimate(
        lead="Nothing to estimate yet:", problems=problems_of(fields, forms.build(kind, data, errors), errors)
    )


def estimate_of(store: Store, kind: str, data: Mapping[str, str], base: Run | None) -> Estimate:
    several = read(kind, data) if base is None else None
    if several is not None and several.wanted:
        return _sweep_estimate(store, kind, data, several)
    spec, errors = checked(store, kind, data, base)
    problems = problems_of(about(data, errors), forms.build(kind, data, errors), errors) if errors else ()
    if spec is None:
        return Estimate(lead="Nothing to estimate yet:", problems=problems)
    count, noun = spec.work
    kept = trainable(base).work[0] if base else 0
    more = count - kept
    here = Here.now(store)
    return Estimate(
        trainings=f"{count:,}",
        noun=noun if count == 1 else f"{noun}s",
        formula=f"= {spec.formula}",
        growth=f"{kept:,} kept, {more:,} more" if base else "",
        outlook=spec.outlook,
        time=here.sentence(spec, more / count),
        queue=start(store, spec, here.workers, here.speeds),
        problems=problems,
    )
