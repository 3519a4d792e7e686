"""Which of several representations a client accepts."""

from collections.abc import Sequence


def best(accept: str, offers: Sequence[str]) -> str:
    """Return the offer that an `Accept` header likes most; the first offer when it names none or likes several equally.

    `accept` is the raw header value, e.g. `"text/html, */*;q=0.1"`; a malformed part counts as not there.
    """
    ranges = [_range(part) for part in accept.split(",")]

    def quality(offer: str) -> float:
        kind = offer.partition("/")[0]
        for pattern in (offer, f"{kind}/*", "*/*"):
            weights = [q for name, q in ranges if name == pattern]
            if weights:
                return weights[0]
        return 0.0

    return max(offers, key=quality)  # max keeps the first of equals


def _range(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return name.strip().lower(), float(value)
            except ValueError:
                return "", 0.0
    return name.strip().lower(), 1.0
