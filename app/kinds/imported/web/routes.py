"""The routes on which masks from elsewhere become a run."""

from app.kinds.imported.web import api, pages

PAGES = pages.router
API = (api.router,)
