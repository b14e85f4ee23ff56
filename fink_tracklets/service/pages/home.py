"""The list of nights, as a calendar."""

from __future__ import annotations

import calendar

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.index import Night, Snapshot
from fink_tracklets.service.pages.html import Markup, tag
from fink_tracklets.service.pages.page import link, page

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def home(request: Request, snapshot: Snapshot) -> Response:
    """All months that have nights, newest first."""
    nights = snapshot.nights
    n = sum(len(night.tracklets) for night in nights.values())
    months = sorted({night[:6] for night in nights}, reverse=True)
    text = f"{n:,} tracklets in {len(nights):,} nights." if nights else "The store has no night."
    broken = [tag("p", sentence, class_="warning") for sentence in snapshot.broken.values()]
    return page(
        request,
        "Nights",
        tag("p", text, " A day shows its night's number of tracklets.")
        if nights
        else tag("p", text),
        broken,
        tag("div", [month(request, name, snapshot) for name in months], class_="months"),
    )


def month(request: Request, name: str, snapshot: Snapshot) -> Markup:
    """A month as a table of weeks."""
    year, number = int(name[:4]), int(name[4:])
    rows = [
        tag("tr", [_day(request, f"{name}{day:02d}" if day else "", snapshot) for day in week])
        for week in calendar.Calendar().monthdayscalendar(year, number)
    ]
    head = tag("tr", [tag("th", day, scope="col") for day in DAYS])
    caption = tag("caption", f"{calendar.month_name[number]} {year}")
    return tag("table", caption, tag("thead", head), tag("tbody", rows), class_="month")


def _day(request: Request, night: str, snapshot: Snapshot) -> Markup:
    found: Night | None = snapshot.nights.get(night)
    if not night:
        return tag("td")
    day = str(int(night[6:]))
    if found is None:
        return tag("td", tag("span", day, class_="day"))
    n = len(found.tracklets)
    label = f"{night}: {n} tracklet{'' if n == 1 else 's'}"
    level = "some" if 0 < n < 10 else "many" if n else "none"
    inside = (tag("span", day, class_="day"), tag("b", n))
    return tag(
        "td",
        tag("a", inside, href=link(request, "night", night), aria_label=label, class_=level),
    )
