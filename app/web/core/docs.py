"""The API's reference at /docs: Swagger UI from this server's own files, within its content security policy."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Ticketscope</title>
<link rel="icon" href="{icon}" type="image/svg+xml">
<link rel="stylesheet" href="{vendor}/swagger-ui.css">
<script src="{vendor}/swagger-ui-bundle.js" defer></script>
<script src="{vendor}/start.js" defer></script>
</head>
<body><div id="swagger"></div></body>
</html>
"""


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return Swagger UI over /openapi.json."""
    static = request.app.state.static
    return HTMLResponse(_PAGE.format(vendor=static.url("vendor/swagger"), icon=static.url("icon.svg")))
