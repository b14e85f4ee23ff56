"""A night: its funnel, its sky, its tracklets."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.naming import name_parts
from fink_tracklets.service.pages.page import neighbours, page, root
from fink_tracklets.service.pages.sky_map import sky_map
from fink_tracklets.service.query import FORMATS
from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot
from fink_tracklets.service.requests import NightName, StoreReader

router = APIRouter()


class Step(NamedTuple):
    """A line of the funnel."""

    name: str
    left: int
    """The alerts that are left."""
    before: int | None
    """The alerts of the step before; None in the first line."""


@router.get("/night/{night}")
def night_page(request: Request, night: NightName, reader: StoreReader) -> Response:
    """The page of a night."""

    def work(snapshot: Snapshot) -> Response:
        found = snapshot.night(night)
        exposures = found.stored.table("exposures")
        placed = exposures.filter(exposures["ra"].is_valid())
        columns = {name: placed[name].to_pylist() for name in ("ra", "dec", "candidates")}
        rows = _rows(found)
        return page(
            request,
            "night.html",
            title=f"Night {night}",
            night=found,
            neighbours_of=neighbours(sorted(snapshot.nights), night),
            funnel=_funnel(found),
            sky=sky_map(columns, rows, found.survey, f"{root(request)}/tracklet"),
            rows=rows,
            unsure=any(row["match"] and not row["match"]["certain"] for row in rows),
            days=sorted({name_parts(row["tracklet"]).day for row in rows}),
            formats=FORMATS,
        )

    return reader.consistent(work)


def _funnel(night: HeldNight) -> list[Step]:
    manifest = night.manifest
    read = manifest.alerts_read
    left = [("Alerts read", read)]
    if unusable := manifest.alerts_unusable.alerts:
        left.append(("with a usable id, time and position", read - unusable))
    left += [(step.cut, step.alerts) for step in manifest.funnel]
    left.append(("in tracklets", manifest.rows["tracklet_alerts"]))
    before = [None, *(n for _, n in left)]
    return [Step(name, n, b) for (name, n), b in zip(left, before, strict=False)]


def _rows(night: HeldNight) -> list[dict[str, Any]]:
    """The tracklets, each with its period and its best match."""
    periods: dict[str, float | None] = {}
    if night.flashes is not None:
        columns = (night.flashes[name].to_pylist() for name in ("tracklet", "period_s"))
        periods = dict(zip(*columns, strict=True))
    matches = [] if night.satellites is None else night.satellites.to_pylist()
    best = {row["tracklet"]: row for row in matches if row["rank"] == 1}
    rows = sorted(night.tracklets.to_pylist(), key=lambda row: row["tracklet"])
    return [
        {**row, "period_s": periods.get(row["tracklet"]), "match": best.get(row["tracklet"])}
        for row in rows
    ]
