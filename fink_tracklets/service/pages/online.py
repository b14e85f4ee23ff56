"""A night that runs: its provisional tracklets, which the end-of-night job may change."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.pages.page import page
from fink_tracklets.service.reading.online import running_night
from fink_tracklets.service.requests import NightName, StoreReader

router = APIRouter()


@router.get("/online/{night}")
def online_page(request: Request, night: NightName, reader: StoreReader) -> Response:
    """The page of a running night, the newest tracklets first."""
    found = running_night(reader.index, night)
    rows = sorted(found.tracklets, key=lambda row: row["tracklet"], reverse=True)
    return page(request, "online.html", title=f"Running night {night}", night=found, rows=rows)
