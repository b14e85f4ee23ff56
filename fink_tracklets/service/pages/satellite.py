"""A satellite with its tracklets."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.pages.html import table, tag
from fink_tracklets.service.pages.night import number
from fink_tracklets.service.pages.page import link, page


def satellite_page(request: Request, rows: list[dict[str, Any]]) -> Response:
    """The page of a satellite, from its matches."""
    best = rows[0]
    listed = [
        [
            tag("a", row["tracklet"], href=link(request, "tracklet", row["tracklet"])),
            tag("a", row["night"], href=link(request, "night", row["night"])),
            row["rank"],
            number(row.get("score"), 2),
            number(row.get("aside_arcsec"), 1),
            number(row.get("range_km"), 0),
        ]
        for row in rows
    ]
    heads = [
        ("Tracklet", ""),
        ("Night", ""),
        ("Rank", ""),
        ("Score", ""),
        ("Aside", "″"),
        ("Range", "km"),
    ]
    return page(
        request,
        f"{best['object_name'] or 'Satellite'} ({best['norad_cat_id']})",
        tag("p", "Rank 1: it is the best match of that tracklet."),
        table("Tracklets", heads, listed, filtered=True),
    )  # fmt: skip
