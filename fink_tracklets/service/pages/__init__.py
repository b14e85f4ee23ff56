"""The web pages: each module has one kind, with its handler; templates/ lays them out."""

from fastapi import APIRouter

from fink_tracklets.service.pages import (
    calls,
    files,
    home,
    night,
    objects,
    online,
    satellite,
    search,
    statistics,
    tracklet,
)

router = APIRouter(include_in_schema=False)
for _kind in (home, night, tracklet, satellite, objects, online, statistics, search, calls, files):
    router.include_router(_kind.router)
