"""The network between two programs: a forwarder of TCP that a test can slow down or cut."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path


class Cable:
    """Forward connections from `port` on loopback to `target`, a port there or a Unix socket, requests `delay_s` late.

    While `cut`, what is connected is closed and new connections are not answered.
    """

    def __init__(self, target: int | Path, delay_s: float = 0.0) -> None:
        self.target, self.delay_s = target, delay_s
        self._ends: set[socket.socket] = set()
        self._whole = threading.Event()
        self._whole.set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close all connections; those who connect from now on wait for an answer."""
        self._whole.clear()
        for end in list(self._ends):
            _close(end)

    def mend(self) -> None:
        """Forward again."""
        self._whole.set()

    def close(self) -> None:
        """End all threads."""
        self._closed = True
        self.cut()
        self.mend()
        _close(self._listener)

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        self._ends.add(near)
        self._whole.wait()
        try:
            far = self._dial()
        except OSError:
            _close(near)
            return
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ends.add(far)
        threading.Thread(target=self._carry, args=(far, near, 0.0), daemon=True).start()
        self._carry(near, far, self.delay_s)
        self._ends -= {near, far}

    def _dial(self) -> socket.socket:
        if isinstance(self.target, Path):
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self.target))
            return far
        far = socket.create_connection(("127.0.0.1", self.target))
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return far

    def _carry(self, source: socket.socket, sink: socket.socket, delay_s: float) -> None:
        """Forward one direction until it ends; the delay is that of a round trip, on the way there."""
        with suppress(OSError):
            while data := source.recv(1 << 20):
                time.sleep(delay_s)
                sink.sendall(data)
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
