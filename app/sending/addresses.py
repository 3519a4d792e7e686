"""Which addresses a webhook may have: those of the public internet, and hosts that the installation names."""

import ipaddress
import socket
from collections.abc import Collection


class RefusedError(Exception):
    """Nothing is sent there, now or later; the message is the reason."""


def resolved(host: str, port: int, allowed: Collection[str] = ()) -> tuple[int, tuple[str, int]]:
    """Return family and address to connect to: looked up once, so that no second answer can lead elsewhere.

    `allowed` are hosts, with a port or without, whose addresses may be any. Raises RefusedError where an address is
    not public, OSError where the name is unknown.
    """
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not {host.lower(), f"{host.lower()}:{port}"} & {name.lower() for name in allowed}:
        for *_, place in answers:
            if not public(str(place[0])):
                raise RefusedError(
                    f"{host} is inside of a private network. An admin can allow it: TICKETSCOPE_WEBHOOK_ALLOW"
                )
    family, _, _, _, place = answers[0]
    return family, (str(place[0]), port)


def public(address: str) -> bool:
    """Return whether an IP address is one of the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return public(str(inner))
    return ip.is_global and not ip.is_multicast
