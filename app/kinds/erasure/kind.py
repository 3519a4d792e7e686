"""What a run of weight erasure shows."""

from app.kinds.erasure.figures import (
    accuracy_vs_lr,
    erasure_over_steps,
    erasure_vs_accuracy,
    singular_values,
    update_sizes,
)
from app.kinds.erasure.film.compared import QUERY, films
from app.kinds.erasure.film.wall import film_page
from app.kinds.erasure.measures import measured
from app.kinds.erasure.objectives import OBJECTIVES
from app.kinds.erasure.spec import ENTRY, ErasureSpec
from app.kinds.erasure.summary import summary
from app.kinds.kind import Choices, ComparedPart, FormLook, Kind, Placed, Tab
from app.plotting.style import LOOKS


def choices(spec: ErasureSpec, option: str) -> Choices:
    """Return the optimizers, learning rates, widths or steps of the run's spec."""
    match option:
        case "optimizer":
            return [(grid.kind, LOOKS[grid.kind].label) for grid in spec.optimizers]
        case "lr":
            return [(str(lr), f"{lr:g}") for lr in sorted({lr for grid in spec.optimizers for lr in grid.lrs})]
        case "step":
            return [(str(step), f"{step:,}") for step in spec.observed_steps() if step]
        case "width":
            return [(str(width), str(width)) for width in spec.widths]
        case _:
            return []


KIND = Kind(
    entry=ENTRY,
    tabs=(
        Tab(
            "film",
            "Film",
            template="erasure/film.html",
            styles=("css/film.css",),
            series=("erasure", "ending"),
            with_artifacts=True,
            load=film_page,
        ),
        Tab(
            "erasure",
            "Erasure",
            (
                Placed(accuracy_vs_lr.ENTRY, "sheet"),
                Placed(erasure_vs_accuracy.ENTRY),
                Placed(erasure_over_steps.ENTRY, "big"),
            ),
        ),
        Tab("spectra", "Spectra", (Placed(singular_values.ENTRY), Placed(update_sizes.ENTRY))),
    ),
    series=("erasure", "ending", "spectrum", "update_sizes"),
    summary=summary,
    summary_series=("ending",),
    measured=measured,
    measured_series=("ending",),
    navigation=(("/erasure", "Erasure"),),
    form=FormLook(
        sections={"Picture": "erasure/_studio.html"}, styles=("css/studio.css",), scripts=("js/studio/page.js",)
    ),
    choices=choices,
    compared_part=ComparedPart("erasure/compared.html", films, QUERY, ("css/film.css",)),
    objectives=OBJECTIVES,
)
