"""Words that both sides put together."""


def plural(number: int, noun: str, many: str = "") -> str:
    """Return such as "1 worker", "2 workers" or, with "densities" for `many`, "1,000 densities"."""
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"
