"""A whole page or its live parts, and what every page shows at its edge."""

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import HTMLResponse

from app.contract.words import plural
from app.store import Reads
from app.web.core.glossary import explain
from app.web.core.live_parts import changed, known_parts


@dataclass(frozen=True)
class Shell:
    """What every page shows at its edge: which workers run and how much waits."""

    workers: str
    queue: str
    alive: bool
    unread: int = 0


def page(request: Request, template: str, status: int = 200, *, linked: bool = True, **context: object) -> HTMLResponse:
    """Render a template, or only its live parts; HTML of a live thing is never kept by a browser.

    Terms lead to the glossary where the page is `linked` to others.
    """
    answer: HTMLResponse = request.app.state.templates.TemplateResponse(
        request, template, context, status_code=status, headers={"Cache-Control": "no-store"}
    )
    html = bytes(answer.body).decode()
    html = explain(html, request.app.state.settings.root_path) if linked else html
    known = known_parts(request)
    answer.body = (html if known is None else changed(html, known)).encode()
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def edge(request: Request, store: Reads) -> Shell | None:
    """Return the edge of a page, None where only its live parts are requested."""
    return shell(store) if known_parts(request) is None else None


def shell(store: Reads) -> Shell:
    """Return the workers and the queue as they are now."""
    alive = [worker for worker in store.workers() if worker.alive]
    waiting = sum(store.queue_length().values())
    slots: dict[str, int] = {}
    for worker in alive:
        slots[worker.queue] = slots.get(worker.queue, 0) + worker.slots
    what = ", ".join(f"{queue} × {count}" for queue, count in slots.items())
    return Shell(
        workers=f"{plural(len(alive), 'worker')} · {what}" if alive else "no worker is running",
        queue=f"{plural(waiting, 'replicate')} in the queue" if waiting else "queue empty",
        alive=bool(alive),
        unread=store.unread(),
    )
