"""A night: its funnel, its sky, its tracklets."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.index import Night, Snapshot
from fink_tracklets.service.pages.html import Markup, table, tag
from fink_tracklets.service.pages.page import link, page
from fink_tracklets.service.pages.svg import sky_map


def night_page(request: Request, snapshot: Snapshot, night: Night, exposures: pa.Table) -> Response:
    """The page of a night."""
    rows = night.tracklets.to_pylist()
    columns = {name: exposures[name].to_pylist() for name in ("ra", "dec", "candidates")}
    if exposures.num_rows:
        placed = [k for k, ra in enumerate(columns["ra"]) if ra is not None]
        columns = {name: [values[k] for k in placed] for name, values in columns.items()}

    def href(name: str) -> str:
        return link(request, "tracklet", name)

    content: list[Any] = [
        _neighbours(request, snapshot, night.night),
        tag(
            "div",
            tag("section", tag("h2", "Funnel"), _funnel(night)),
            tag(
                "section",
                tag("h2", "Sky"),
                sky_map(columns, rows, href),
                tag("p", tag("i", class_="dot exposure"), " exposure, larger with more candidates ",
                    tag("i", class_="dot glint"), " tracklet", class_="legend"),
            ),
            class_="columns",
        ),
        tag("h2", "Tracklets"),
        _tracklets(request, night, rows) if rows else tag("p", "No tracklets were found."),
    ]  # fmt: skip
    if rows:
        dates = sorted({row["tracklet"][5:13] for row in rows})
        rest = link(request, "api", "v1", "tracklet")
        for date in dates:
            day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
            forms = [
                (tag("a", form, href=f"{rest}?date={day}&output-format={form}"), " ")
                for form in ("json", "csv", "parquet", "votable")
            ]
            content.append(tag("p", f"All alerts of tracklets of the UTC date {day}: ", forms))
    return page(request, f"Night {night.night}", *content)


def _neighbours(request: Request, snapshot: Snapshot, night: str) -> Markup:
    names = sorted(snapshot.nights)
    at = names.index(night)
    before = names[at - 1] if at else None
    after = names[at + 1] if at + 1 < len(names) else None
    links = [
        tag("a", "All nights", href=link(request, "")),
        tag("a", f"← {before}", href=link(request, "night", before), rel="prev")
        if before
        else None,
        tag("a", f"{after} →", href=link(request, "night", after), rel="next") if after else None,
    ]
    return tag("nav", [(one, " ") for one in links if one], aria_label="Nights")


def _funnel(night: Night) -> Markup:
    manifest = night.manifest
    steps = [("Alerts read", manifest["alerts_read"])]
    if unusable := manifest["alerts_unusable"]["alerts"]:
        steps.append(("without a usable id, time or position", -unusable))
    steps += [(step["cut"], step["alerts"]) for step in manifest["funnel"]]
    steps.append(("belong to tracklets", manifest["rows"]["tracklet_alerts"]))
    steps.append(("tracklets", manifest["rows"]["tracklets"]))
    most = max(max(n for _, n in steps), 1)
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", f"{n:,}", class_="n"),
            tag("td", tag("meter", max=most, value=max(n, 0), aria_label=name)),
        )
        for name, n in steps
    ]
    notes = [
        tag("p", f"{what}: exposure {row['exposure']}, {row['candidates']:,} candidates.")
        for what, key in (("Not searched", "exposures_skipped"), ("Crowded", "exposures_crowded"))
        for row in manifest.get(key, [])
    ]
    survey = f"Survey {manifest['survey']}, {manifest['exposures']['with_alerts']:,} exposures."
    return tag("div", tag("p", survey), tag("table", tag("tbody", rows), class_="funnel"), notes)


def _tracklets(request: Request, night: Night, rows: list[dict[str, Any]]) -> Markup:
    best = {}
    if night.satellites is not None:
        best = {
            row["tracklet"]: row
            for row in night.satellites.sort_by([("rank", "descending")]).to_pylist()
        }
    heads = [("Tracklet", ""), ("UTC", ""), ("Alerts", ""), ("Length", "″"), ("rms", "″"),
             ("PA", "°"), ("RA", "°"), ("Dec", "°"), ("mag", ""), ("log NFA", "")]  # fmt: skip
    if night.satellites is not None:
        heads.append(("Satellite", ""))
    listed = []
    for row in sorted(rows, key=lambda row: row["tracklet"]):
        name = row["tracklet"]
        start = row["exposure_start"]
        cells: list[Any] = [
            tag("a", name, href=link(request, "tracklet", name)),
            f"{start:%H:%M:%S}" if start else "",
            row["n_alerts"],
            number(row["length_arcsec"], 0),
            number(row["rms_arcsec"], 2),
            number(row["position_angle_deg"], 1),
            number(row["ra_start"], 4),
            number(row["dec_start"], 4),
            number(row["mag_mean"], 1),
            number(row["log10_nfa"], 1),
        ]
        if night.satellites is not None:
            match = best.get(name)
            cells.append(match["object_name"] or match["norad_cat_id"] if match else "")
        listed.append(cells)
    return table(f"Tracklets of {night.night}", heads, listed, filtered=True)


def number(value: float | None, digits: int) -> tuple[float, str]:
    """A number to sort by, and as it is shown."""
    if value is None or value != value:
        return float("nan"), ""
    return value, f"{value:.{digits}f}"
