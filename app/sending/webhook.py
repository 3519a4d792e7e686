"""A message to a webhook, in the format of Slack: one request, no redirects, bounded in time and size."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Collection
from urllib.parse import urlsplit

from app.sending.addresses import RefusedError, resolved

TIMEOUT_S = 5.0
DEADLINE_S = 10.0
"""How long a request may take in all, however slowly its answer drips."""


class WebhookError(OSError):
    """The webhook has not taken the message; another try may help."""


def post(url: str, text: str, allowed: Collection[str] = ()) -> None:
    """Send `{"text": …}`. Raises RefusedError for an address that is not allowed, OSError for one that fails."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RefusedError("this is not an address of a webhook")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    family, place = resolved(parts.hostname, port, allowed)
    plain = socket.socket(family, socket.SOCK_STREAM)
    late = threading.Event()
    end = threading.Timer(DEADLINE_S, _shut, (plain, late))
    end.daemon = True
    connection = http.client.HTTPConnection(parts.hostname, port)
    try:
        plain.settimeout(TIMEOUT_S)
        end.start()
        plain.connect(place)
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) if secure else plain
        )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = json.dumps({"text": text}).encode()
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        headers = {"Content-Type": "application/json", "Host": host if parts.port is None else f"{host}:{port}"}
        connection.request("POST", target, body, headers | {"User-Agent": "Ticketscope", "Connection": "close"})
        status = connection.getresponse().status
        if late.is_set():  # headers that were cut off look like whole ones
            raise WebhookError(f"{parts.hostname} did not answer within {DEADLINE_S:g} s")
    except (http.client.HTTPException, ValueError) as error:
        raise WebhookError(f"the answer of {parts.hostname} is no HTTP: {type(error).__name__}") from error
    finally:
        end.cancel()
        connection.close()
        plain.close()
    if 300 <= status < 400:
        raise RefusedError(f"{parts.hostname} answered {status}: redirects are not followed")
    if status >= 400:
        raise WebhookError(f"{parts.hostname} answered {status}")


def _shut(plain: socket.socket, late: threading.Event) -> None:
    late.set()
    try:
        plain.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed, or never connected
        plain.close()
