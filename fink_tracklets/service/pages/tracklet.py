"""A tracklet: where it is, how bright, what made it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.arguments import FORMATS
from fink_tracklets.service.details import Details
from fink_tracklets.service.pages.html import Markup, facts, table, tag
from fink_tracklets.service.pages.night import number
from fink_tracklets.service.pages.page import link, page
from fink_tracklets.service.pages.svg import chart, sky_view
from fink_tracklets.service.stamps import KINDS

STAMPED = 30
"""Alerts whose stamps are shown."""


def tracklet_page(request: Request, found: Details, has_alerts: bool) -> Response:
    """The page of a tracklet."""
    name, night = found.tracklet["tracklet"], found.night.night
    legend = tag(
        "p", tag("i", class_="dot glint"), " alerts of the tracklet ",
        tag("i", class_="dot candidate"), " other candidates ",
        (tag("i", class_="dot satellite"), " predicted path of the satellite")
        if found.satellites else None,
        class_="legend",
    )  # fmt: skip
    return page(
        request,
        name,
        tag("nav", tag("a", f"Night {night}", href=link(request, "night", night)),
            aria_label="Night"),
        tag(
            "div",
            tag("section", tag("h2", "On the sky"), sky_view(found), legend),
            tag("section", tag("h2", "Measures"), _measures(found), _elsewhere(request, found)),
            class_="columns",
        ),
        tag("h2", "Satellite"),
        _satellite(request, found),
        tag("h2", "Magnitude along the track"),
        _magnitudes(found),
        _flashes(found),
        tag("h2", "Stamps"),
        _stamps(request, found, has_alerts),
        tag("h2", "Alerts"),
        _alerts(found),
    )  # fmt: skip


def _measures(found: Details) -> Markup:
    row, (ra, dec) = found.tracklet, found.middle
    start = row["exposure_start"]
    return facts(
        ("Exposure start", f"{start:%Y-%m-%d %H:%M:%S} UTC" if start else None),
        ("Middle", f"{ra:.5f}° {dec:+.5f}°"),
        ("Alerts", row["n_alerts"]),
        ("Detections", row["n_points"]),
        ("Length", _with(row["length_arcsec"], 1, "″")),
        ("Position angle", _with(row["position_angle_deg"], 2, "°")),
        ("Curvature", _with(row["curvature"], 3, " per rad")),
        ("rms about the curve", _with(row["rms_arcsec"], 2, "″")),
        ("Magnitude", f"{_with(row['mag_mean'], 2, '')} "
                      f"({_with(row['mag_min'], 2, '')} to {_with(row['mag_max'], 2, '')})"),
        ("Expected by chance", _chance(row["log10_nfa"])),
        ("Along a pixel axis", "yes" if row["along_pixel_axis"] else None),
    )  # fmt: skip


def _chance(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    return f"10^{value:.1f} such tracklets in this exposure"


def _with(value: float | None, digits: int, unit: str) -> str | None:
    return None if value is None or value != value else f"{value:.{digits}f}{unit}"


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


def _satellite(request: Request, found: Details) -> Markup:
    if found.satellites is None:
        return tag("p", "Satellites have not been looked for in this night.")
    if not found.satellites:
        return tag("p", "No satellite of the catalogue matches.")
    best = found.satellites[0]
    catalogue = best["norad_cat_id"]
    get = best.get
    card = facts(
        ("Name", get("object_name")),
        ("Catalogue number", _catalogue(request, catalogue)),
        ("Designation", get("object_id")),
        ("Certain", _yes(get("certain"))),
        ("By chance", None if get("chance_probability") is None
         else f"{get('chance_probability'):.2g}"),
        ("Aside of the curve", _with(get("aside_arcsec"), 1, "″")),
        ("Late", _with(get("lateness_s"), 2, " s")),
        ("Slope against the curve", _with(get("slope_deg"), 3, "°")),
        ("Age of its elements", _with(get("element_age_d"), 1, " d")),
        ("Range", _with(get("range_km"), 0, " km")),
        ("Sunlit", _yes(get("sunlit"))),
        ("Phase angle", _with(get("phase_angle_deg"), 1, "°")),
        ("Apparent motion", _with(get("rate_arcsec_per_s"), 1, "″/s")),
        ("Type", get("object_type")),
        ("Status", get("ops_status")),
        ("Owner", get("owner")),
        ("Launched", get("launch_date")),
        ("Orbit", _orbit(best)),
        ("Zone", get("zone")),
    )  # fmt: skip
    if len(found.satellites) == 1:
        return tag("div", card, class_="card")
    rivals = [
        [
            row["rank"],
            row["object_name"] or "",
            (row["norad_cat_id"], _catalogue(request, row["norad_cat_id"])),
            number(row.get("score"), 2),
            number(row.get("aside_arcsec"), 1),
            number(row.get("slope_deg"), 3),
        ]
        for row in found.satellites[1:]
    ]  # fmt: skip
    heads = [
        ("Rank", ""),
        ("Name", ""),
        ("Number", ""),
        ("Score", ""),
        ("Aside", "″"),
        ("Slope", "°"),
    ]
    return tag("div", card, table("Rivals", heads, rivals), class_="card")


def _catalogue(request: Request, number: int) -> Markup:
    return tag("a", number, href=link(request, "satellite", str(number)))


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _orbit(row: dict[str, Any]) -> str | None:
    if row.get("semi_major_axis_km") is None:
        return None
    return (
        f"a {row['semi_major_axis_km']:,.0f} km, e {row.get('eccentricity') or 0:.4f}, "
        f"i {row.get('inclination_deg') or 0:.1f}°"
    )


def _magnitudes(found: Details) -> Markup:
    rows = [r for r in found.alerts if r["mag"] is not None and r["mag"] == r["mag"]]
    if not rows:
        return tag("p", "The alerts have no magnitudes.")
    return chart(
        "Magnitude along the track",
        [r["along_arcsec"] for r in rows],
        [r["mag"] for r in rows],
        [r["mag_err"] for r in rows],
        "along the track [arcsec]",
        "magnitude",
    )


def _flashes(found: Details) -> Markup | None:
    """Periods and the reconstructed light curve, where the store has them."""
    parts: list[Any] = []
    if found.flashes:
        shown = [
            (key.replace("_", " "), f"{value:.4g}" if isinstance(value, float) else value)
            for key, value in found.flashes.items()
            if key not in ("tracklet",)
            and value is not None
            and value == value
            and not isinstance(value, list | dict | bytes)
        ]
        parts += [tag("h2", "Flashes"), facts(*shown)]
    points = [r for r in found.light_curve or [] if r["mag"] is not None]
    if points:
        curve = chart(
            "Light curve",
            [row["time_s"] for row in points],
            [row["mag"] for row in points],
            [row["mag_scatter"] for row in points],
            "after the first flash [s]",
            "magnitude",
            line=True,
        )
        parts += [tag("h2", "Light curve"), curve]
    return tag("div", parts) if parts else None


def _stamps(request: Request, found: Details, has_alerts: bool) -> Markup:
    if not found.stamps and not has_alerts:
        return tag("p", "The store has no stamps of this tracklet.")
    name = found.tracklet["tracklet"]
    ids = [
        row["alert_id"]
        for row in found.alerts
        if has_alerts or row["alert_id"] in (found.stamps or ())
    ]
    folder = link(request, "api", "v1", "tracklets", name, "stamps")

    def stamp(alert: int, kind: str) -> Markup:
        image = tag(
            "img",
            src=f"{folder}/{alert}/{kind}.png",
            alt=f"{kind} of alert {alert}",
            width=64,
            height=64,
            loading="lazy",
        )
        return tag("td", tag("a", image, href=f"{folder}/{alert}/{kind}.fits"))

    rows = [
        tag("tr", tag("th", kind, scope="row"), [stamp(alert, kind) for alert in ids[:STAMPED]])
        for kind in KINDS
    ]
    more = f" The first {STAMPED} of {len(ids)} alerts." if len(ids) > STAMPED else ""
    return tag(
        "div",
        tag("p", f"Along the track; a stamp leads to its FITS file.{more}"),
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
