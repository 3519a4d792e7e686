"""Why a file is not imported."""


class Refused(Exception):  # noqa: N818 (it is an answer, not a fault)
    """A file that is not imported: which one, what in it, and why; `status` is that of the HTTP answer.

    `tensor` and `field` (name, dtype, shape, data_offsets or values) are empty where the file as a whole is at fault.
    """

    def __init__(self, file: str, message: str, *, tensor: str = "", field: str = "", status: int = 422) -> None:
        where = [file, f"tensor {shown(tensor)}" if tensor else "", field]
        super().__init__(f"{', '.join(filter(None, where))}: {message}")
        self.file, self.tensor, self.field, self.status = file, tensor, field, status


def shown(name: str) -> str:
    """Return a name from an upload, fit for a message."""
    return repr(name if len(name) <= 80 else f"{name[:79]}…")
