"""What Prometheus reads: runs, queue, workers, requests and live viewers."""

import time
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.live import Broadcaster
from app.store import Store
from app.web.core.monitored import Process, Stored
from app.web.core.root_path import own_path

# A client may send any word as its method, and each would be a label.
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The measurements of one web process."""

    def __init__(self, store: Store, broadcaster: Broadcaster) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "ticketscope_http_request_seconds",
            "Time until a response begins; for a stream, until its first byte.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        viewers = Gauge("ticketscope_live_viewers", "Event streams open in this process.", registry=self.registry)
        viewers.set_function(lambda: broadcaster.viewers)
        build = Gauge("ticketscope_build_info", "The version of this process.", ("version",), registry=self.registry)
        build.labels(version("ticketscope")).set(1)
        self.registry.register(Process(store))
        self.registry.register(Stored(store))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class Timing:
    """Measures every request under the pattern of its route, never its path: ids would make a label each."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        metrics: Metrics = scope["app"].state.metrics

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in METHODS else "other"
                labels = (method, pattern(scope), str(message["status"]))
                metrics.requests.labels(*labels).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, timed)


def pattern(scope: Scope) -> str:
    """Return `/api/v1/runs/{run_id}` for the run's path, `/static` for all files, `none` where no route matched."""
    if "endpoint" not in scope:
        return "none"
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    mounted: str = scope.get("root_path", "").removeprefix(root)
    if mounted:
        return mounted
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(names.get(part, part) for part in own_path(scope).split("/"))
