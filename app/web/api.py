"""The JSON API under `/api/v1`: its routers, and what they have in common."""

from fastapi import APIRouter

from app.web import api_again, api_artifacts, api_catalog, api_data, api_runs, partners, tiles
from app.web.problems import responses

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
