"""The error of a model that cannot be described."""


class NotDefined(ValueError):  # noqa: N818 (it is an answer, not a fault)
    """What reads a model's architecture does not exist for this model; `reason` names the operation."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not defined for this model, because {reason}")
        self.reason = reason
