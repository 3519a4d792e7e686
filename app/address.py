"""Where the web is: the socket that it listens on, and the address that a browser finds it at."""

import ipaddress
import socket

from app.settings import Settings


class CannotListen(OSError):  # noqa: N818 (it says what is wrong)
    """The web's address is taken, or is not this machine's; the message is for the user."""


def listen(settings: Settings) -> socket.socket:
    """Return the web's listening socket, which survives restarts of the web. Raises CannotListen."""
    host, port = settings.host, settings.port
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(where[:2], family=family, backlog=512)
    except OSError as error:
        hint = "another program listens there; stop it, or choose a port with TICKETSCOPE_PORT"
        if not isinstance(error, socket.gaierror) and _listens(host, port):
            raise CannotListen(f"port {port} of {host} is in use: {hint}") from error
        raise CannotListen(f"cannot listen on port {port} of {host}: {error.strerror}") from error
    listener.set_inheritable(True)
    return listener


def address(settings: Settings) -> str:
    """Return the address at which a browser on this machine finds the web."""
    return f"http://{reach(settings.host)}:{settings.port}"


def reach(host: str) -> str:
    """Return the host part of an address at which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


def check_guarded(settings: Settings, *, accounts: bool) -> None:
    """Raise CannotListen for a web that strangers could reach: one beyond this machine without accounts."""
    if accounts or settings.unguarded or _is_loopback(settings.host):
        return
    raise CannotListen(
        f"{settings.host} can be reached from other machines, and there are no accounts: everybody there could "
        "change and delete runs. Make the first account with `ticketscope accounts on`, or keep TICKETSCOPE_HOST at "
        "127.0.0.1. Where something else keeps strangers out, set TICKETSCOPE_UNGUARDED=1"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((reach(host).strip("[]"), port), timeout=1).close()
    except OSError:
        return False
    return True
