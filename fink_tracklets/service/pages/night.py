"""A night: its funnel, its sky, its tracklets."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.arguments import FORMATS
from fink_tracklets.service.index import Night, Snapshot
from fink_tracklets.service.pages.html import Markup, number, table, tag
from fink_tracklets.service.pages.page import link, neighbours, page
from fink_tracklets.service.pages.sky_map import sky_map


def night_page(request: Request, snapshot: Snapshot, night: Night, exposures: pa.Table) -> Response:
    """The page of a night."""
    rows = sorted(night.tracklets.to_pylist(), key=lambda row: row["tracklet"])
    placed = exposures.filter(exposures["ra"].is_valid())
    columns = {name: placed[name].to_pylist() for name in ("ra", "dec", "candidates")}

    def href(name: str) -> str:
        return link(request, "tracklet", name)

    return page(
        request,
        f"Night {night.night}",
        neighbours(request, "night", sorted(snapshot.nights), night.night,
                   tag("a", "All nights", href=link(request, ""))),
        tag(
            "div",
            tag("section", tag("h2", "Funnel"), _funnel(night)),
            tag(
                "section",
                tag("h2", "Sky"),
                sky_map(columns, rows, night.configuration, href),
                tag("p", tag("span", tag("i", class_="dot exposure"),
                             " exposure, stronger with more candidates"),
                    tag("span", tag("b", "★"), " tracklet"),
                    tag("span", tag("i", class_="dash satellite"), " geostationary orbit")
                    if night.configuration["site"] else None, class_="legend"),
            ),
            class_="columns",
        ),
        tag("h2", "Tracklets"),
        _tracklets(request, night, rows) if rows else tag("p", "No tracklets were found."),
        _downloads(request, rows),
    )  # fmt: skip


def _funnel(night: Night) -> Markup:
    manifest = night.manifest
    read = manifest["alerts_read"]
    steps = [("Alerts read", read)]
    if unusable := manifest["alerts_unusable"]["alerts"]:
        steps.append(("with a usable id, time and position", read - unusable))
    steps += [(step["cut"], step["alerts"]) for step in manifest["funnel"]]
    steps.append(("in tracklets", manifest["rows"]["tracklet_alerts"]))
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", f"{n:,}", class_="n"),
            tag("td", f"{n / max(before, 1):.1%}" if k else "", class_="n"),
            tag("td", tag("meter", max=max(before, 1), value=n, aria_label=name) if k else None),
        )
        for k, ((name, n), (_, before)) in enumerate(zip(steps, steps[:1] + steps, strict=False))
    ]
    head = tag("tr", tag("th", "Cut", scope="col"), tag("th", "Left", scope="col", class_="n"),
               tag("th", "of the step before", scope="col", colspan=2))  # fmt: skip
    notes = [
        tag("p", f"{what}: exposure {row['exposure']}, {row['candidates']:,} candidates.")
        for what, key in (("Not searched", "exposures_skipped"), ("Crowded", "exposures_crowded"))
        for row in manifest.get(key, [])
    ]
    some = manifest["exposures"]
    counts = (
        f"Survey {manifest['survey']}: {some['with_alerts']:,} exposures with alerts, "
        f"{some['with_candidates']:,} with candidates, {some['with_tracklets']:,} with tracklets."
    )
    funnel = tag("table", tag("thead", head), tag("tbody", rows), class_="funnel")
    return tag("div", tag("p", counts), funnel, notes)


def _tracklets(request: Request, night: Night, rows: list[dict[str, Any]]) -> Markup:
    heads = [("Tracklet", ""), ("Alerts", ""), ("Length", "″"), ("PA", "°"),
             ("RA", "°"), ("Dec", "°"), ("mag", ""), ("log NFA", "")]  # fmt: skip
    best, periods = {}, {}
    if night.flashes is not None:
        heads.append(("Period", "s"))
        names, values = (night.flashes[c].to_pylist() for c in ("tracklet", "period_s"))
        periods = dict(zip(names, values, strict=True))
    if night.satellites is not None:
        heads.append(("Satellite", ""))
        best = {r["tracklet"]: r for r in night.satellites.to_pylist() if r["rank"] == 1}
    listed = []
    for row in rows:
        name = row["tracklet"]
        cells: list[Any] = [
            tag("a", name, href=link(request, "tracklet", name)),
            row["n_alerts"],
            number(row["length_arcsec"], 0),
            number(row["position_angle_deg"], 1),
            number(row["ra_start"], 4),
            number(row["dec_start"], 4),
            number(row["mag_mean"], 1),
            number(row["log10_nfa"], 1),
        ]
        if night.flashes is not None:
            cells.append(number(periods.get(name), 3))
        if night.satellites is not None:
            cells.append(_satellite(request, best.get(name)))
        listed.append(cells)
    unsure = any(match["certain"] is not True for match in best.values())
    note = "; a question mark: the satellite is not certain" if unsure else ""
    return table(f"Tracklets of {night.night}{note}", heads, listed, filtered=True)


def _satellite(request: Request, match: dict[str, Any] | None) -> Any:
    if match is None:
        return ""
    catalogue = match["norad_cat_id"]
    name = match["object_name"] or str(catalogue)
    shown = tag("a", name, href=link(request, "satellite", str(catalogue)))
    return name, (shown, "" if match["certain"] else " ?")


def _downloads(request: Request, rows: list[dict[str, Any]]) -> list[Markup]:
    """Links to the alerts of the night's UTC dates."""
    rest = link(request, "api", "v1", "tracklet")
    days = sorted({row["tracklet"][5:13] for row in rows})
    return [
        tag("p", f"Alerts of all tracklets of the UTC date {day}: ",
            [(tag("a", form, href=f"{rest}?date={day}&output-format={form}"), " ")
             for form in FORMATS])
        for day in (f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in days)
    ]  # fmt: skip
