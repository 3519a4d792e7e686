"""What the store refuses, and why; a bad field is a `FieldError` of the contract."""


class StoreError(Exception):
    """Base of everything the store refuses."""


class NotFound(StoreError):  # noqa: N818
    """There is no such run, shard or artifact."""


class Conflict(StoreError):  # noqa: N818
    """The thing is not in a state that allows this; the message says what to do next."""


class NotTheirs(StoreError):  # noqa: N818
    """Another person's run or sweep: only its owner and admins change it."""


class Fenced(StoreError):  # noqa: N818
    """The token is no longer the shard's: another worker has it, or none. Stop at once and write nothing."""


class OrdinalGap(StoreError):  # noqa: N818
    """Rows came whose predecessors the store never got."""


class Unusable(StoreError):  # noqa: N818
    """The database cannot be used until its fault is removed; the message says what."""


class Damaged(StoreError):  # noqa: N818
    """A row of the database holds what was never written there."""


class Mismatch(StoreError):  # noqa: N818
    """The database and the artifacts belong to different installations; the message says what to do."""


class NotAdopted(StoreError):  # noqa: N818
    """The artifacts carry no id, and there is no telling whether they are this database's."""


class MostUnknown(StoreError):  # noqa: N818
    """A sweep would take most of the artifacts."""


class Unreachable(OSError):  # noqa: N818
    """The server that holds the artifacts does not answer."""


class Corrupt(OSError):  # noqa: N818
    """Bytes of an artifact are not those that its name promises."""
