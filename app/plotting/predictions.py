"""How accuracies and losses are written where an example is a text: what is predicted, chance, and perplexity."""

import math

from app.contract.experiment import RunSpec
from app.contract.params import DatasetParams
from app.plotting import words


def chance(spec: RunSpec) -> str:
    """Return what an accuracy counts and what the best constant guess gives, "" where classes are equally frequent."""
    dataset = getattr(spec, "dataset", None)
    if not isinstance(dataset, DatasetParams) or dataset.guess is None:
        return ""
    guess = words.accuracy(dataset.guess)
    return f"accuracy: next characters predicted right; always guessing the most frequent one gives {guess}"


def predicts_text(spec: RunSpec) -> bool:
    """Return whether each symbol of a text is predicted, so that a loss has a perplexity."""
    dataset = getattr(spec, "dataset", None)
    return isinstance(dataset, DatasetParams) and dataset.examples == "text"


def loss(nats: float, *, text: bool) -> str:
    """Return a mean loss per prediction as it is printed, of a text with its perplexity, exp(loss)."""
    written = f"{words.significant(nats)} nats"
    # A larger one has no perplexity of use to readers, and soon none that is a number.
    return f"{written} (perplexity {words.significant(math.exp(nats))})" if text and nats < 20 else written
