"""The pages: their routers; every page is whole without a script."""

from fastapi import APIRouter

from app.web.accounts import account, audit, oidc_page, people
from app.web.accounts import page as accounts
from app.web.archives import page as archives
from app.web.bin import page as bin_page
from app.web.board import page as board
from app.web.board import views
from app.web.bulk import page as bulk
from app.web.comments import page as comments
from app.web.compare import page as compare
from app.web.core import theme
from app.web.costs import page as costs
from app.web.documents import page as documents
from app.web.form import page as form
from app.web.form import presets
from app.web.notifications import page as notifications
from app.web.projects import page as projects
from app.web.published import page as published
from app.web.published import publish
from app.web.queue import page as queue
from app.web.reports import page as reports
from app.web.run import page as run
from app.web.sweeps import page as sweeps
from app.web.workers import page as workers

router = APIRouter(include_in_schema=False)
for feature in (
    form, run, sweeps, comments, bulk, archives, compare, board, presets, queue, workers, bin_page, documents, theme,
    accounts, oidc_page, account, people, audit, publish, published, projects, notifications,
    reports, costs,
):  # fmt: skip
    router.include_router(feature.router)
router.include_router(views.pages)
