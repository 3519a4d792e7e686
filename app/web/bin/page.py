"""The bin: deleted runs and sweeps, which can be restored until it is emptied."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.words import plural
from app.web.board.notice import Notice
from app.web.board.rows import row
from app.web.board.view import LIMIT
from app.web.core.context import StoreDep
from app.web.core.page import page, shell
from app.web.core.parameters import Cursor
from app.web.sweeps.view import head

router = APIRouter(include_in_schema=False)


@router.get("/bin")
def bin_page(request: Request, store: StoreDep, cursor: Cursor = "", purged: int = 0) -> HTMLResponse:
    """Return deleted runs and sweeps."""
    runs = store.runs(binned=True, limit=LIMIT, cursor=cursor or None)
    sweeps = store.sweeps(LIMIT, binned=True)
    matching = len(runs.items) if not (runs.next or cursor) else store.count_matching("", binned=True)
    counts = [f"{plural(matching, 'run')} with all measurements and tickets"] if matching else []
    counts += (
        [f"all {LIMIT} and more sweeps" if sweeps.next else plural(len(sweeps.items), "sweep")] if sweeps.items else []
    )
    notice = Notice(f"{plural(purged, 'run')} deleted for good.") if purged else None
    return page(
        request, "bin/bin.html", rows=[row(run) for run in runs.items], next=runs.next, notice=notice,
        sweeps=[head(item) for item in sweeps.items], more_sweeps=bool(sweeps.next), matching=matching,
        count=" and ".join(counts), shell=shell(store),
    )  # fmt: skip


@router.post("/bin/empty")
def empty_bin(store: StoreDep) -> RedirectResponse:
    """Purge every run and sweep in the bin."""
    return RedirectResponse(f"/bin?purged={store.empty_bin()}", 303)
