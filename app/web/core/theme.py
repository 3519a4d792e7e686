"""The theme that a reader has chosen."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from app.web.core.form_data import FormDep

router = APIRouter(include_in_schema=False)


@router.post("/theme")
def theme(request: Request, data: FormDep) -> RedirectResponse:
    """Remember the theme in a cookie, so that the server sends the page in it; `system` forgets."""
    try:
        address = urlsplit(request.headers.get("referer", "/"))
    except ValueError:  # no browser sends such a thing
        address = urlsplit("/")
    # One slash: an address that starts with two would lead to another site.
    path = "/" + address.path.lstrip("/")
    answer = RedirectResponse(f"{path}?{address.query}" if address.query else path, 303)
    if data.get("theme") in ("light", "dark"):
        answer.set_cookie("theme", data["theme"], max_age=365 * 86_400, samesite="lax")
    else:
        answer.delete_cookie("theme", samesite="lax")
    return answer
