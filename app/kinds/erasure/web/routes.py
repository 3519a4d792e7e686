"""The routes of the erasure studio and its films."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.kinds.erasure.web import api_pictures, film
from app.web.core.context import StoreDep
from app.web.form import page as pages_new

PAGES = APIRouter(include_in_schema=False)
API = (api_pictures.router, film.router)


@PAGES.get("/erasure")
def erasure(request: Request, store: StoreDep) -> HTMLResponse:
    """Render the erasure studio: the form of a new run, for a picture."""
    return pages_new.new(request, store, kind="erasure")
