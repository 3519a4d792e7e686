"""The routes of the page *Hardware*."""

from fastapi import APIRouter

from app.kinds.hardware.web import pages

PAGES = pages.router
API: tuple[APIRouter, ...] = ()
