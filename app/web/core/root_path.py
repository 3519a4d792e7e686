"""Pages behind a sub-path of another server, such as https://lab.example/tickets/ (`TICKETSCOPE_ROOT_PATH`)."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def own_path(scope: Scope) -> str:
    """Return the path below the sub-path, such as `/runs/06f3k2m9qa`, wherever the application is served."""
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    path: str = scope["path"]
    return path.removeprefix(root) if _below(path, root) else path


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


class RootPath:
    """Serve the same pages whether the proxy in front keeps the sub-path `root` or strips it.

    The application sees the whole path, as ASGI requires; addresses it redirects to get the sub-path in front.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self.app = app
        self.root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.root or scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        whole = f"{self.root}/" if path == self.root else path if _below(path, self.root) else self.root + path

        async def send_below(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                location = headers.get("location", "")
                if location.startswith("/") and not _below(location.partition("?")[0], self.root):
                    headers["location"] = self.root + location
            await send(message)

        await self.app({**scope, "path": whole, "root_path": self.root}, receive, send_below)
