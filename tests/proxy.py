"""A reverse proxy that serves one server below a sub-path, as nginx with `location /lab/` does."""

import httpx
from fastapi import FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse


def proxy(server: str, root: str, *, strip: bool) -> FastAPI:
    """Pass requests below `root` to `server`, as they are or without `root`; answer 404 to all others."""
    app = FastAPI(openapi_url=None)
    client = httpx.AsyncClient(base_url=server, timeout=None, trust_env=False)

    class _Unwatched:
        def close(self) -> None:
            return None

    app.state.broadcaster = _Unwatched()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PATCH", "DELETE", "HEAD"])
    async def forward(request: Request) -> Response:
        path = request.url.path
        if path != root and not path.startswith(f"{root}/"):
            return Response("not here", 404)
        if strip:
            path = path.removeprefix(root) or "/"
        query = f"?{request.url.query}" if request.url.query else ""
        asked = client.build_request(
            request.method, path + query, headers=request.headers.raw, content=await request.body()
        )
        answer = await client.send(asked, stream=True)
        passed = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        passed.raw_headers = answer.headers.raw
        return passed

    return app
