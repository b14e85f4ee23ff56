"""The search box: a night, a date, a tracklet or a catalogue number."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_tracklets.service.arguments import Wanted, parse_date, parse_id
from fink_tracklets.service.columns import name_key
from fink_tracklets.service.index import Snapshot
from fink_tracklets.service.pages.html import tag
from fink_tracklets.service.pages.page import link, page
from fink_tracklets.service.refusal import Refusal, shown

MOST = 200
"""Tracklets that are listed."""


def found_at(request: Request, snapshot: Snapshot, text: str) -> Response:
    """The page that a text means, or a list of those it may mean."""
    if re.fullmatch(r"\d{8}", text, re.ASCII) and text in snapshot.nights:
        return RedirectResponse(link(request, "night", text), 303)
    wanted = _wanted(text)
    if wanted is not None:
        return _tracklets(request, snapshot, text, wanted)
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return RedirectResponse(link(request, "satellite", str(int(text))), 303)
    matches = [
        row
        for row in snapshot.best_matches
        if len(text) >= 3 and text.upper() in str(row["object_name"]).upper()
    ]
    if not matches:
        raise Refusal(
            404,
            f"Nothing found for {shown(text)}: write a night (20211022), a date (2021-10-22 09), "
            "a tracklet (TRCK_...), a catalogue number, or a satellite's name.",
        )
    satellites = {row["norad_cat_id"]: row["object_name"] for row in matches}
    listed = [
        tag("li", tag("a", f"{name} ({number})", href=link(request, "satellite", str(number))))
        for number, name in sorted(satellites.items())
    ]
    return page(request, "Satellites found", tag("ul", listed))


def _wanted(text: str) -> Wanted | None:
    for parse in (parse_date, parse_id):
        try:
            return parse(text.upper())
        except Refusal:
            continue
    return None


def _tracklets(request: Request, snapshot: Snapshot, text: str, wanted: Wanted) -> Response:
    names = {
        name
        for _, name, _ in snapshot.matching(wanted.prefix)
        if name == wanted.prefix or not wanted.exact
    }
    ordered = sorted(names, key=name_key)
    if not ordered:
        raise Refusal(404, f"The store has no tracklet for {shown(text)}.")
    if len(ordered) == 1:
        return RedirectResponse(link(request, "tracklet", ordered[0]), 303)
    listed = [
        tag("li", tag("a", name, href=link(request, "tracklet", name))) for name in ordered[:MOST]
    ]
    more = f", the newest {MOST}" if len(ordered) > MOST else ""
    return page(
        request,
        "Tracklets found",
        tag("p", f"{len(ordered):,} tracklets{more}:"),
        tag("ul", listed),
    )
