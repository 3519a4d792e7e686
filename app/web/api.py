"""The JSON API under `/api/v1`: its routers, and what they have in common."""

from fastapi import APIRouter

from app.web.archives import api as archives
from app.web.board import api as board
from app.web.board import views
from app.web.bulk import api as bulk
from app.web.comments import api as comments
from app.web.compare import api as compare
from app.web.core.problems import responses
from app.web.costs import api as costs
from app.web.form import catalog
from app.web.masks import partners, tiles
from app.web.notifications import api as notifications
from app.web.queue import api as queue
from app.web.repeats import api as repeats
from app.web.reports import api as reports
from app.web.run import api as runs
from app.web.run import artifacts, data
from app.web.sweeps import api as sweeps
from app.web.workers import api as workers

PREFIX = "/api/v1"
RESPONSES = responses(400, 401, 403, 413, 422, 500)

router = APIRouter(prefix=PREFIX, responses=RESPONSES)
for feature in (
    board, views, bulk, archives, runs, sweeps, comments, compare, repeats, data, artifacts, tiles, partners, catalog,
    queue,
    workers, costs, notifications, reports,
):  # fmt: skip
    router.include_router(feature.router)
