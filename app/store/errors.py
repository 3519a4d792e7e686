"""What the store refuses, and why; a bad field is a `FieldError` of the contract."""


class StoreError(Exception):
    """Base of everything the store refuses."""


class NotFound(StoreError):  # noqa: N818
    """There is no such run, shard or artifact."""


class Conflict(StoreError):  # noqa: N818
    """The thing is not in a state that allows this; the message says what to do next."""


class Fenced(StoreError):  # noqa: N818
    """The token is no longer the shard's: another worker has it, or nobody. Stop at once and write nothing."""


class OrdinalGap(StoreError):  # noqa: N818
    """Rows came whose predecessors the store never got."""


class Corrupt(OSError):  # noqa: N818
    """Bytes of an artifact are not those that its name promises."""
