"""What each route needs of its caller when accounts are on: one row each, and a route without a row is refused.

`anyone`: no login. `viewer`, `member`, `admin`: that role or a higher one. `owner`: a member who owns the run or sweep
of the path, or an admin. `self`: any person who is logged in with a browser. `people`: an admin who is.
"""

import re
from typing import Literal, NamedTuple, TypeAlias

from starlette.routing import compile_path

Need: TypeAlias = Literal["anyone", "viewer", "member", "owner", "admin", "self", "people"]

_RUN, _SWEEP = "/runs/{run_id}", "/sweeps/{sweep_id}"
_API = "/api/v1"
_READ = (
    "/openapi.json", "/docs", "/metrics", "/live",
    "/", "/new", _RUN, "/sweeps", _SWEEP, "/archives", "/compare", "/presets", "/queue", "/workers", "/costs", "/bin",
    "/protocol", "/glossary", "/erasure", "/projects", "/projects/{project_id}", "/hardware", "/import", f"{_RUN}/edit",
    *(f"{_API}{path}" for path in (
        "/runs", "/runs/groups", "/views", "/archive", "/sweeps", "/compare", "/compare/figures/{name}",
        "/compare/figures/{name}/table", "/catalog", "/presets", "/workers", "/maintenance", "/queue", "/costs",
        "/artifacts/{artifact_id}", "/notifications", "/reports", "/reports/{report_id}",
        "/pictures/samples/{name}",
        _SWEEP, *(f"{_SWEEP}{path}" for path in ("/archive", "/comments", "/members", "/figures/{name}")),
        _RUN, *(f"{_RUN}{path}" for path in (
            "/archive", "/comments",
            "/repetition", "/events", "/series", "/spec", "/comparison", "/figures/{name}", "/artifacts",
            "/tickets/{replicate}/{level}", "/masks", "/masks/{layer}/legend", "/masks/{layer}/tile",
            "/masks/{layer}/values", "/masks/{layer}/units/{number}", "/masks/{layer}/partner",
            "/film", "/film/frame", "/film/export", "/film/values",
        )),
    )),
)  # fmt: skip
# They store nothing: what a form would cost, a picture prepared, a file of runs.
_ASK = ("/new/estimate", "/export", f"{_API}/sweeps/preview", f"{_API}/pictures", f"{_API}/pictures/preview")
_CHANGE = (
    *(f"{_RUN}/{act}" for act in ("edit", "priority", "cancel", "resume", "bin", "restore", "purge")),
    *(f"{_SWEEP}/{act}" for act in ("cancel", "resume", "extend", "edit", "bin", "restore", "purge", "project")),
    *(f"{_API}{_RUN}/{act}" for act in ("restore", "cancel", "resume", "extend")),
    *(f"{_API}{_SWEEP}/{act}" for act in ("restore", "cancel", "resume", "extend")),
)
_SUBMIT = (
    "/new", f"{_RUN}/again", "/bulk", "/bulk/done", "/archives", "/presets/{name}/run", "/import",
    "/views", "/views/{view_id}/delete", "/views/{view_id}/restore", "/publish", "/publish/{link_id}/revoke",
    "/projects", "/bulk/project",
    *(f"/projects/{{project_id}}/{act}" for act in ("rename", "members", "members/{user_id}/remove")),
    *(f"{_API}{path}" for path in (
        "/runs", "/runs/bulk", "/archives", "/imports", "/sweeps", "/views", "/views/{view_id}/restore",
        f"{_RUN}/clone", f"{_RUN}/again",
    )),
)  # fmt: skip
# The store looks whose a comment is.
_TALK = (
    *(f"{api}{thing}/comments" for api in ("", _API) for thing in (_RUN, _SWEEP)),
    *(f"/comments/{{comment_id}}/{act}" for act in ("edit", "delete", "restore")),
    f"{_API}/comments/{{comment_id}}/restore",
)
_OIDC = ("/login/oidc", "/login/oidc/done", "/login/oidc/out")

_MACHINES = (
    *(f"{at}{path}" for at in ("", _API) for path in ("/workers/{worker_id}/mode", f"{_RUN}/move", "/maintenance")),
)

NEEDS: dict[tuple[str, str], Need] = {
    **{("GET", path): "anyone" for path in ("/healthz", "/readyz", "/login", "/join", *_OIDC)},
    # Who has the link has the right.
    **{("GET", f"/published/{{link}}{part}"): "anyone" for part in ("", "/figures/{name}", "/live")},
    **{("POST", path): "anyone" for path in ("/theme", "/login", "/join")},
    **{("GET", path): "viewer" for path in _READ},
    **{("POST", path): "viewer" for path in _ASK},
    **{("POST", path): "member" for path in (*_SUBMIT, *_TALK)},
    ("GET", "/publish"): "member",
    ("DELETE", f"{_API}/views/{{view_id}}"): "member",
    **{(method, f"{_API}/comments/{{comment_id}}"): "member" for method in ("PATCH", "DELETE")},
    **{("POST", path): "owner" for path in _CHANGE},
    **{(method, f"{_API}{path}"): "owner" for method in ("PATCH", "DELETE") for path in (_RUN, _SWEEP)},
    ("POST", "/bin/empty"): "admin",
    **{("POST", path): "admin" for path in _MACHINES},
    ("DELETE", f"{_API}/bin"): "admin",
    ("GET", "/account"): "self",
    **{
        ("GET", path): "viewer"
        for path in ("/notifications", "/reports", "/reports/{report_id}", "/reports/{report_id}/embed")
    },
    # The store looks whose a report is, and marks only what is of who acts.
    **{
        ("POST", f"{_API}{path}"): "member"
        for path in ("/notifications/read", "/reports", "/reports/{report_id}/restore")
    },
    **{(method, f"{_API}/reports/{{report_id}}"): "member" for method in ("PATCH", "DELETE")},
    **{(method, "/reports/new"): "member" for method in ("GET", "POST")},
    ("GET", "/reports/{report_id}/edit"): "member",
    **{("POST", f"/reports/{{report_id}}/{act}"): "member" for act in ("edit", "delete", "restore")},
    **{("POST", f"/notifications/{act}"): "self" for act in ("read", "channels")},
    **{("POST", f"/notifications/channels/{{channel_id}}/{act}"): "self" for act in ("remove", "test")},
    **{
        ("POST", path): "self"
        for path in (
            "/logout",
            "/logout/everywhere",
            "/account/password",
            "/account/tokens",
            "/account/tokens/{token_id}/revoke",
            "/account/oidc",
            "/account/oidc/remove",
        )
    },
    **{("GET", path): "people" for path in ("/people", "/audit")},
    ("POST", "/people/invite"): "people",
    **{("POST", f"/people/{{user_id}}/{act}"): "people" for act in ("link", "role", "deactivate", "reactivate")},
}
"""By method and path of the route."""


class Match(NamedTuple):
    """What a request needs, and the parts of its path."""

    need: Need
    parts: dict[str, str]


_FIXED = {key: need for key, need in NEEDS.items() if "{" not in key[1]}
_PATTERNS: list[tuple[str, re.Pattern[str], Need]] = [
    (method, compile_path(path)[0], need) for (method, path), need in NEEDS.items() if "{" in path
]


def match(method: str, path: str) -> Match | None:
    """Return what a request needs; None where no row has its method and path, so that it is refused."""
    method = "GET" if method == "HEAD" else method
    if method == "GET" and path.startswith("/static/"):
        return Match("anyone", {})
    if need := _FIXED.get((method, path)):
        return Match(need, {})
    for of, pattern, need in _PATTERNS:
        if of == method and (parts := pattern.match(path)):
            return Match(need, parts.groupdict())
    return None
