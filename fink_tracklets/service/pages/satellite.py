"""Satellites: their list, and one with its tracklets."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.details import Row
from fink_tracklets.service.index import Snapshot
from fink_tracklets.service.pages.card import object_facts
from fink_tracklets.service.pages.html import Markup, number, table, tag
from fink_tracklets.service.pages.page import link, page
from fink_tracklets.service.satellites import satellites

MOST = 1000
"""Rows of a list."""


def satellites_page(request: Request, snapshot: Snapshot) -> Response:
    """The list of satellites that are the best match of some tracklet."""
    found = satellites(snapshot)
    if not found:
        return page(request, "Satellites", tag("p", "No tracklet is matched with a satellite."))
    heads = [("Satellite", ""), ("Number", ""), ("Type", ""), ("Zone", ""), ("Tracklets", ""),
             ("Certain", ""), ("Newest", "")]  # fmt: skip
    rows: list[list[Any]] = [
        [
            tag("a", row["object_name"] or row["norad_cat_id"],
                href=link(request, "satellite", str(row["norad_cat_id"]))),
            (row["norad_cat_id"], str(row["norad_cat_id"])),
            row["object_type"] or "",
            row["zone"] or "",
            row["tracklets"],
            row["certain"],
            _tracklet(request, row["latest"]),
        ]
        for row in found[:MOST]
    ]  # fmt: skip
    more = f", the {MOST:,} with most" if len(found) > MOST else ""
    return page(
        request,
        "Satellites",
        tag("p", f"{len(found):,} satellites are the best match of a tracklet{more}."),
        table("Satellites with tracklets", heads, rows, filtered=True),
    )


def satellite_page(request: Request, rows: list[Row]) -> Response:
    """The page of a satellite, from its matches, newest first."""
    newest = rows[0]
    listed = [
        [
            _tracklet(request, row["tracklet"]),
            tag("a", row["night"], href=link(request, "night", row["night"])),
            row["rank"],
            "yes" if row["certain"] else "no",
            number(row["mag_mean"], 2),
            number(row["period_s"], 3),
            number(row["phase_angle_deg"], 1),
            number(row["range_km"], 0),
            number(row["aside_arcsec"], 1),
            number(row["score"], 2),
        ]
        for row in rows[:MOST]
    ]
    heads = [("Tracklet", ""), ("Night", ""), ("Rank", ""), ("Certain", ""), ("mag", ""),
             ("Period", "s"), ("Phase angle", "°"), ("Range", "km"), ("Beside", "″"),
             ("Score", "")]  # fmt: skip
    best = sum(row["rank"] == 1 for row in rows)
    more = f" The newest {MOST:,} are listed." if len(rows) > MOST else ""
    return page(
        request,
        f"{newest['object_name'] or 'Satellite'} ({newest['norad_cat_id']})",
        tag("div", object_facts(None, newest), class_="card narrow"),
        tag("h2", "Tracklets"),
        tag("p", f"Of {len(rows):,} tracklets that it may have made it is the best match (rank 1) "
            f"of {best:,}.{more}"),
        table("Tracklets of the satellite", heads, listed, filtered=True),
    )  # fmt: skip


def _tracklet(request: Request, name: str) -> Markup:
    return tag("a", name, href=link(request, "tracklet", name))
