"""A tracklet: where it is, how bright, what made it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.arguments import FORMATS
from fink_tracklets.service.details import Details
from fink_tracklets.service.pages.card import match_card
from fink_tracklets.service.pages.flashes import brightness
from fink_tracklets.service.pages.html import (
    Markup,
    decimal,
    facts,
    joined,
    number,
    power,
    quantity,
    table,
    tag,
)
from fink_tracklets.service.pages.page import link, neighbours, page
from fink_tracklets.service.pages.sky_view import sky_view
from fink_tracklets.service.sky import sexagesimal
from fink_tracklets.service.stamps import KINDS

STAMPED = 30
"""Alerts whose stamps are shown."""


def tracklet_page(request: Request, found: Details, has_alerts: bool) -> Response:
    """The page of a tracklet."""
    name, night = found.tracklet["tracklet"], found.night.night
    stamps = link(request, "api", "v1", "tracklets", name, "stamps")

    def difference(alert: int) -> str:
        return f"{stamps}/{alert}/difference.png"

    legend = tag(
        "p",
        tag("span", tag("i", class_="dot glint"), " alerts of the tracklet"),
        tag("span", tag("i", class_="dash curve"), " fitted curve"),
        tag("span", tag("i", class_="dot candidate"), " other candidates in sight")
        if found.others else None,
        tag("span", tag("i", class_="dash satellite"), " predicted path of the satellite")
        if found.satellites else None,
        class_="legend",
    )  # fmt: skip
    return page(
        request,
        name,
        neighbours(request, "tracklet", sorted(found.night.tracklets["tracklet"].to_pylist()),
                   name, tag("a", f"Night {night}", href=link(request, "night", night))),
        tag("p", _sentence(found), class_="lead"),
        tag(
            "div",
            tag("section", tag("h2", "On the sky"),
                sky_view(found, difference if has_alerts else None), legend),
            tag("section", tag("h2", "Measures"), _measures(found), _elsewhere(request, found)),
            class_="columns",
        ),
        tag("h2", "Satellite"),
        match_card(request, found.satellites),
        brightness(found),
        tag("h2", "Stamps"),
        _stamps(stamps, found, has_alerts),
        tag("h2", "Alerts"),
        _alerts(found),
    )  # fmt: skip


def _sentence(found: Details) -> Markup:
    """What it is, in short."""
    row = found.tracklet
    parts: list[Any] = [f"{row['n_alerts']} alerts along {decimal(row['length_arcsec'] or 0, 0)}″"]
    if row["exposure_start"]:
        parts.append(f", exposed from {row['exposure_start']:%Y-%m-%d %H:%M:%S} UTC on")
    if found.satellites:
        best = found.satellites[0]
        made = "made by" if best["certain"] else "perhaps made by"
        name = best["object_name"] or f"satellite {best['norad_cat_id']}"
        parts.append(joined(f", {made} ", tag("b", name)))
    if found.flashes and found.flashes["period_s"] is not None:
        parts.append(f", which flashes every {found.flashes['period_s']:.3g} s")
    return joined(parts, ".")


def _measures(found: Details) -> Markup:
    row, (ra, dec) = found.tracklet, found.middle
    magnitude = None
    if row["mag_mean"] is not None:
        low, mean, high = (quantity(row[f"mag_{k}"], 2) for k in ("min", "mean", "max"))
        magnitude = f"{mean} ({low} to {high})"
    chance = power(row["log10_nfa"])
    return facts(
        ("Middle", joined(sexagesimal(ra, dec), tag("br"), f"{ra:.5f} {dec:+.5f}")),
        ("Length", quantity(row["length_arcsec"], 1, "″")),
        ("Position angle", quantity(row["position_angle_deg"], 2, "°")),
        ("Curvature", quantity(row["curvature"], 3, " per rad")),
        ("rms about the curve", quantity(row["rms_arcsec"], 2, "″")),
        ("Detections", row["n_points"]),
        ("Magnitude", magnitude),
        ("Expected by chance", joined(chance, " in this exposure") if chance else None),
        ("Along a pixel axis", "yes" if row["along_pixel_axis"] else None),
        ("Other candidates", len(found.others)),
    )


def _elsewhere(request: Request, found: Details) -> Markup:
    name, (ra, dec) = found.tracklet["tracklet"], found.middle
    rest = link(request, "api", "v1", "tracklet")
    forms = [
        (tag("a", form, href=f"{rest}?{urlencode({'id': name, 'output-format': key})}"), " ")
        for form, key in zip(("JSON", "CSV", "Parquet", "VOTable"), FORMATS, strict=True)
    ]  # fmt: skip
    field = max(0.05, 2 * (found.tracklet["length_arcsec"] or 0) / 3600)
    aladin = urlencode({"target": f"{ra:.6f} {dec:+.6f}", "fov": f"{field:.3f}"})
    simbad = urlencode({"Coord": f"{ra:.6f} {dec:+.6f}", "Radius": "2", "Radius.unit": "arcmin"})
    return tag(
        "ul",
        tag("li", "Alerts: ", forms),
        tag("li", tag("a", "All that is known (JSON)", href=f"{rest}s/{name}")),
        tag("li", "This place in ",
            tag("a", "Aladin", href=f"https://aladin.cds.unistra.fr/AladinLite/?{aladin}"), " and ",
            tag("a", "SIMBAD", href=f"https://simbad.cds.unistra.fr/simbad/sim-coo?{simbad}")),
    )  # fmt: skip


def _stamps(folder: str, found: Details, has_alerts: bool) -> Markup:
    if not found.stamps and not has_alerts:
        return tag("p", "The store has no stamps of this tracklet.")
    ids = [
        row["alert_id"]
        for row in found.alerts
        if has_alerts or row["alert_id"] in (found.stamps or ())
    ]

    def stamp(alert: int, kind: str) -> Markup:
        image = tag("img", src=f"{folder}/{alert}/{kind}.png", alt=f"{kind} of alert {alert}",
                    width=64, height=64, loading="lazy")  # fmt: skip
        return tag("td", tag("a", image, href=f"{folder}/{alert}/{kind}.fits"))

    rows = [
        tag("tr", tag("th", kind, scope="row"), [stamp(alert, kind) for alert in ids[:STAMPED]])
        for kind in KINDS
    ]
    more = f" The first {STAMPED} of {len(ids)} alerts." if len(ids) > STAMPED else ""
    return tag(
        "div",
        tag("p", f"In the order of the track, north up; a stamp leads to its FITS file.{more}"),
        tag("div", tag("table", tag("tbody", rows), class_="stamps"), class_="wide", tabindex="0",
            role="region", aria_label="Stamps"),
    )  # fmt: skip


def _alerts(found: Details) -> Markup:
    heads = [("Alert", ""), ("Object", ""), ("RA", "°"), ("Dec", "°"), ("Band", ""), ("mag", ""),
             ("error", ""), ("Along", "″"), ("Off the curve", "″")]  # fmt: skip
    rows = [
        [
            (row["alert_id"], str(row["alert_id"])),
            row["object_id"],
            number(row["ra"], 6),
            number(row["dec"], 6),
            row["band"] or "",
            number(row["mag"], 2),
            number(row["mag_err"], 2),
            number(row["along_arcsec"], 1),
            number(row["offset_arcsec"], 2),
        ]
        for row in found.alerts
    ]
    return table("Alerts of the tracklet", heads, rows)
