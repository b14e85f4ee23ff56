"""The list of nights, as a calendar."""

from __future__ import annotations

import calendar
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.index import Night, Snapshot
from fink_tracklets.service.pages.html import Markup, joined, tag
from fink_tracklets.service.pages.page import link, page
from fink_tracklets.service.satellites import satellites

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
LEVELS = (1, 5, 10, 20)
"""Tracklets of a night from which on its day is darker."""
OFTEN = 5
"""Satellites that are named."""


def home(request: Request, snapshot: Snapshot) -> Response:
    """All months that have nights, newest first."""
    nights = snapshot.nights
    broken = [tag("p", sentence, class_="warning") for sentence in snapshot.broken.values()]
    if not nights:
        return page(request, "Nights", tag("p", "The store has no night."), broken)
    months = sorted({night[:6] for night in nights}, reverse=True)
    newest = nights[max(nights)]
    facts: list[Any] = [
        tag("p", "Satellites and space debris that flash leave strings of alerts in one exposure: "
            "tracklets. ", _count(sum(len(night.tracklets) for night in nights.values())),
            f" in {len(nights):,} night{'' if len(nights) == 1 else 's'}; the newest, ",
            tag("a", newest.night, href=link(request, "night", newest.night)),
            f", has {_count(len(newest.tracklets))}."),
    ]  # fmt: skip
    listed = satellites(snapshot)[:OFTEN]
    if listed:
        links = [
            joined(
                ", " if k else "",
                tag("a", row["object_name"] or row["norad_cat_id"],
                    href=link(request, "satellite", str(row["norad_cat_id"]))),
                f" ({row['tracklets']})",
            )
            for k, row in enumerate(listed)
        ]  # fmt: skip
        facts.append(tag("p", "Seen most often: ", links, "."))
    return page(
        request,
        "Nights",
        facts,
        broken,
        tag("p", "Below each day, the tracklets of its night:", class_="legend"),
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
    level = sum(n >= least for least in LEVELS)
    inside = (tag("span", day, class_="day"), tag("b", n))
    return tag(
        "td",
        tag("a", inside, href=link(request, "night", night), aria_label=f"{night}: {_count(n)}",
            class_=f"level{level}"),
    )  # fmt: skip


def _count(n: int) -> str:
    return f"{n:,} tracklet{'' if n == 1 else 's'}"
