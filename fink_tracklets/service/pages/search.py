"""The search box: a night, a date, a tracklet or a catalogue number."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_tracklets.service.pages.page import page, root
from fink_tracklets.service.reading.columns import name_key
from fink_tracklets.service.reading.snapshot import Snapshot
from fink_tracklets.service.refusal import Refusal, shown
from fink_tracklets.service.requests import StoreReader, only
from fink_tracklets.service.wanted import Wanted, parse_id

MOST = 200
"""Tracklets that are listed."""
router = APIRouter()


@router.get("/search")
def search(request: Request, reader: StoreReader) -> Response:
    """The page that a text means, or a list of those it may mean."""
    text = only(request, "q").get("q", "").strip()
    snapshot = reader.index.snapshot()
    if re.fullmatch(r"\d{8}", text, re.ASCII) and text in snapshot.nights:
        return _redirect(request, "night", text)
    number = re.fullmatch(r"\d{1,9}", text, re.ASCII)
    wanted = None if number and len(text) != 8 else _wanted(text)
    if wanted is not None:
        return _tracklets(request, snapshot, text, wanted)
    if number:
        return _redirect(request, "satellite", str(int(text)))
    found = {
        row["norad_cat_id"]: row["object_name"]
        for row in snapshot.best_matches
        if len(text) >= 3 and text.upper() in str(row["object_name"]).upper()
    }
    if not found:
        raise Refusal(
            404,
            f"Nothing found for {shown(text)}: write a night (20211022), a date (2021-10-22 09), "
            "a tracklet (TRCK_...), a catalogue number, or a satellite's name.",
        )
    listed = [("satellite", number, f"{name} ({number})") for number, name in sorted(found.items())]
    return page(request, "search.html", title="Satellites found", listed=listed)


def _wanted(text: str) -> Wanted | None:
    try:
        return parse_id(text.upper())
    except Refusal:
        return None


def _tracklets(request: Request, snapshot: Snapshot, text: str, wanted: Wanted) -> Response:
    names = {
        entry.name
        for entry in snapshot.matching(wanted.prefix)
        if entry.name == wanted.prefix or not wanted.exact
    }
    ordered = sorted(names, key=name_key)
    if not ordered:
        raise Refusal(404, f"The store has no tracklet for {shown(text)}.")
    if len(ordered) == 1:
        return _redirect(request, "tracklet", ordered[0])
    more = f", the newest {MOST}" if len(ordered) > MOST else ""
    return page(
        request,
        "search.html",
        title="Tracklets found",
        counted=f"{len(ordered):,} tracklets{more}:",
        listed=[("tracklet", name, name) for name in ordered[:MOST]],
    )


def _redirect(request: Request, kind: str, name: str) -> Response:
    return RedirectResponse(f"{root(request)}/{kind}/{name}", 303)
