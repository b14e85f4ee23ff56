"""The web pages: each module has one kind, with its handler; templates/ lays them out."""

from fastapi import APIRouter

from fink_tracklets.service.pages import (
    calls,
    files,
    home,
    night,
<<<<<<< HEAD
    satellite,
    search,
    statistics,
=======
    objects,
    satellite,
    search,
>>>>>>> h-orbits
    tracklet,
)

router = APIRouter(include_in_schema=False)
<<<<<<< HEAD
for _kind in (home, night, tracklet, satellite, statistics, search, calls, files):
=======
for _kind in (home, night, tracklet, satellite, objects, search, calls, files):
>>>>>>> h-orbits
    router.include_router(_kind.router)
