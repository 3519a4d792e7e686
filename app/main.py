"""The web application: wiring only."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from types import FrameType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.templating import Jinja2Templates

from app.atlas.reader import Reader
from app.continuing import continue_all
from app.files import STATIC, TEMPLATES
from app.kinds import routes
from app.live import Broadcaster
from app.measuring import Measuring
from app.periodic import Periodic
from app.plotting import style
from app.queue import Queue
from app.reaper import Reaper
from app.sending.sender import Sender
from app.settings import Settings
from app.store import Store
from app.web import api, pages
from app.web.accounts.guard import Guard
from app.web.accounts.oidc import Provider
from app.web.accounts.switch import LOOK_S, Switch
from app.web.core import docs, health, problems, streams
from app.web.core.body import BodyLimit
from app.web.core.figures import Figures
from app.web.core.maintenance import MaintenanceMessage
from app.web.core.metrics import Metrics, Timing
from app.web.core.navigation import navigation, with_masks
from app.web.core.request_id import RequestId
from app.web.core.root_path import RootPath, own_path
from app.web.core.run_log import Log
from app.web.core.security import Gate, SecurityHeaders
from app.web.core.static import Static
from app.web.core.tokens import TokenInForms
from app.web.core.who import about
from app.web.core.words import initials, name_parts, tint


def create_app(settings: Settings, store: Store, queue: Queue) -> FastAPI:
    """Return the web over `store` and `queue`. The database must be migrated before it is served."""
    app = FastAPI(
        title="Ticketscope",
        summary="Winning tickets and weight movement: submit, watch, trust.",
        version=version("ticketscope"),
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
    )
    root = settings.root_path
    static = Static(STATIC, root)
    templates = Jinja2Templates(TEMPLATES, context_processors=[_here, about])
    templates.env.add_extension(TokenInForms)
    templates.env.globals |= {
        "static_url": static.url,
        "root": root,
        "navigation": navigation(),
        "with_masks": with_masks(),
        "initials": initials,
        "tint": tint,
        "name_parts": name_parts,
    }
    app.state.templates, app.state.static = templates, static
    attach(app, settings, store, queue)

    problems.install(app)
    for router in (pages.router, *routes.pages(), api.router, streams.router, health.router, docs.router):
        app.include_router(router)
    for router in routes.api():
        app.include_router(router, prefix=api.PREFIX, responses=api.RESPONSES)
    app.mount("/static", static, name="static")

    # The last one added meets a request first.
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=6)
    app.add_middleware(Guard)
    app.add_middleware(BodyLimit)
    app.add_middleware(Gate, allowed_hosts=settings.allowed_hosts)
    app.add_middleware(Timing)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)
    app.add_middleware(RootPath, root=root)
    return app


def attach(app: FastAPI, settings: Settings, store: Store, queue: Queue) -> None:
    """Give `app` the store that it serves; sub-path and allowed hosts stay those that it was created with."""
    reader = Reader(store)
    broadcaster = Broadcaster(store, queue)
    state = app.state
    state.settings, state.store, state.queue, state.reader = settings, store, queue, reader
    state.broadcaster, state.figures = broadcaster, Figures(store, reader=reader)
    state.metrics, state.log = Metrics(store, broadcaster), Log(store)
    state.accounts, state.oidc = Switch(store), Provider(settings)
    state.maintenance = MaintenanceMessage(store)


def _here(request: Request) -> dict[str, str]:
    """Return what every template knows of its request: the path below the sub-path."""
    return {"here": own_path(request.scope)}


def _warm(static: Static, templates: Jinja2Templates) -> None:
    """Load what the first reader would have to wait for."""
    style.warm()
    static.pack()
    for name in templates.env.list_templates():
        templates.env.get_template(name)


def _operation_id(route: APIRoute) -> str:
    """Return the name for generated clients: `create_run`, not its path spelled out."""
    return route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    broadcaster: Broadcaster = app.state.broadcaster
    store, queue = app.state.store, app.state.queue

    reaper = Reaper(store, queue, also=lambda: continue_all(store, queue))
    # In a thread of its own: a reaper that waits for a lock or for slow artifacts must leave no door open.
    accounts = Periodic("look for accounts", app.state.accounts.look, LOOK_S)
    maintenance = Periodic("look for a message", app.state.maintenance.read, LOOK_S)
    measuring = Measuring(store, app.state.reader)
    sender = Sender(store, app.state.settings)
    reader = asyncio.create_task(broadcaster.run())
    threads = (reaper, accounts, maintenance, measuring, sender)
    for item in threads:
        item.start()
    # A thread without a waiting caller: an end that comes early must not wait for a warm start.
    threading.Thread(target=_warm, args=(app.state.static, app.state.templates), daemon=True).start()
    loop = asyncio.get_running_loop()
    try:
        with _at_signal(lambda: loop.call_soon_threadsafe(broadcaster.close)):
            yield
    finally:
        broadcaster.close()
        await reader
        await asyncio.gather(*(asyncio.to_thread(item.stop) for item in threads))


@contextmanager
def _at_signal(act: Callable[[], Any]) -> Iterator[None]:
    """Call `act` at SIGINT or SIGTERM, before the server's own handler.

    A server waits for open responses before it ends the lifespan, and an event stream is open until `act` closes it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def handle(signum: int, frame: FrameType | None) -> None:
        act()
        before[signum](signum, frame)

    for signum in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(signum)
        if callable(handler):  # else nothing waits for the streams
            before[signum] = handler
            signal.signal(signum, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)
