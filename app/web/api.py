"""The JSON API under `/api/v1`: its routers, and what they have in common."""

from fastapi import APIRouter

from app.web.core.problems import responses
from app.web.form import catalog as api_catalog
from app.web.masks import partners, tiles
from app.web.repeats import api as api_again
from app.web.run import api as api_runs
from app.web.run import artifacts as api_artifacts
from app.web.run import data as api_data

PREFIX = "/api/v1"
RESPONSES = responses(400, 403, 413, 422, 500)

router = APIRouter(prefix=PREFIX, responses=RESPONSES)
router.include_router(api_runs.router)
router.include_router(api_again.router)
router.include_router(api_data.router)
router.include_router(api_artifacts.router)
router.include_router(tiles.router)
router.include_router(partners.router)
router.include_router(api_catalog.router)
