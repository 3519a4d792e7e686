"""A client that calls an application in this process: no socket, no server to start and stop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeVar

import httpx
from fastapi import FastAPI

T = TypeVar("T")
WAIT_S = 20


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all such clients, in a thread of its own for as long as the process lives."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


class InProcess(httpx.BaseTransport):
    """Sends requests to `app` as a server would; a response comes as a whole, so event streams need a real server."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return _wait(lambda: self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        sent = httpx.Request(
            request.method, request.url, headers=request.headers, content=body, extensions=request.extensions
        )
        answer = await self._transport.handle_async_request(sent)
        content = b"".join([part async for part in answer.aiter_raw()])  # undecoded, as the client decodes it
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))


def _wait(begin: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await begin()

    return asyncio.run_coroutine_threadsafe(run(), _loop()).result(WAIT_S)


def in_process(app: FastAPI) -> httpx.Client:
    """A client of `app`, as if it were served on 127.0.0.1."""
    return httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8000", timeout=20, trust_env=False)
