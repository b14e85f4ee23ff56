"""The list of nights, as a calendar."""

from __future__ import annotations

import calendar
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.naming import parse_night
from fink_tracklets.service.pages.page import page
from fink_tracklets.service.reading.online import running
from fink_tracklets.service.reading.satellites import satellites
from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot
from fink_tracklets.service.requests import StoreReader

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
LEVELS = (1, 5, 10, 20)
"""Tracklets of a night from which on its day is darker."""
OFTEN = 5
"""Satellites that are named."""
router = APIRouter()


@dataclass(frozen=True)
class Month:
    """A month as a table of weeks."""

    name: str
    weeks: list[list[tuple[int, HeldNight | None]]]
    """The days, each with its night where the store has it; 0 for those of other months."""


@router.get("/")
def home(request: Request, reader: StoreReader) -> Response:
    """All months that have nights, newest first."""
    snapshot = reader.index.snapshot()
    nights = snapshot.nights
    return page(
        request,
        "home.html",
        title="Nights",
        nights=nights,
        broken=snapshot.broken.values(),
        running=running(reader.index),
        newest=nights[max(nights)] if nights else None,
        total=sum(len(night.tracklets) for night in nights.values()),
        often=satellites(snapshot)[:OFTEN],
        months=_months(snapshot),
        days=DAYS,
        levels=LEVELS,
    )


def _months(snapshot: Snapshot) -> list[Month]:
    dates = {parse_night(name).date(): night for name, night in snapshot.nights.items()}
    return [
        Month(
            f"{calendar.month_name[month]} {year}",
            [
                [(day.day if day.month == month else 0, dates.get(day)) for day in week]
                for week in calendar.Calendar().monthdatescalendar(year, month)
            ],
        )
        for year, month in sorted({(day.year, day.month) for day in dates}, reverse=True)
    ]
