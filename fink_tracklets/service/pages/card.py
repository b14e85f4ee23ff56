"""A satellite's card: what it is, and how it fits a tracklet."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from fink_tracklets.service.details import Row
from fink_tracklets.service.pages.html import (
    Markup,
    decimal,
    facts,
    is_finite,
    number,
    quantity,
    table,
    tag,
)
from fink_tracklets.service.pages.page import link


def match_card(request: Request, matches: list[Row] | None) -> Markup:
    """The best match of a tracklet, and its rivals."""
    if matches is None:
        return tag("p", "Satellites have not been looked for in this night.")
    if not matches:
        return tag("p", "No satellite of the catalogue matches.")
    best = matches[0]
    chance = best["chance_probability"]
    fit = facts(
        ("Certain", _yes(best["certain"])),
        ("Made only a part", _yes(best["composite"]) if best["composite"] else None),
        ("Chance of such a match", None if chance is None else f"{chance:.2g}"),
        ("Beside its path", quantity(best["aside_arcsec"], 1, "″", "+")),
        ("Late by", quantity(best["lateness_s"], 2, " s")),
        ("Slope against its path", quantity(best["slope_deg"], 3, "°")),
        ("Elements", _age(best["element_age_d"])),
        ("Range", quantity(best["range_km"], 0, " km")),
        ("Phase angle", quantity(best["phase_angle_deg"], 1, "°")),
        ("Height above horizon", quantity(best["altitude_deg"], 1, "°")),
        ("Motion among the stars", quantity(best["rate_arcsec_per_s"], 1, "″/s")),
        ("Sunlit", _yes(best["sunlit"])),
    )
    card = tag("div", tag("div", object_facts(request, best), fit, class_="columns"), class_="card")
    if len(matches) == 1:
        return card
    rivals = [
        [
            row["rank"],
            row["object_name"] or "",
            (row["norad_cat_id"], _catalogue(request, row["norad_cat_id"])),
            number(row["score"], 2),
            number(row["aside_arcsec"], 1),
            number(row["lateness_s"], 1),
            number(row["slope_deg"], 3),
        ]
        for row in matches[1:]
    ]
    heads = [("Rank", ""), ("Name", ""), ("Number", ""), ("Score", ""), ("Beside", "″"),
             ("Late", "s"), ("Slope", "°")]  # fmt: skip
    return tag("div", card, table("Rivals", heads, rivals))


def object_facts(request: Request | None, row: Row) -> Markup:
    """What a satellite is, from a match; with a request, its name is a link."""
    catalogue = row["norad_cat_id"]
    name = row["object_name"]
    return facts(
        ("Name", tag("a", name, href=link(request, "satellite", str(catalogue)))
         if request and name else name),
        ("Catalogue number", _catalogue(request, catalogue) if request else catalogue),
        ("Designation", row["object_id"]),
        ("Type", row["object_type"]),
        ("Status", row["ops_status"]),
        ("Owner", row["owner"]),
        ("Launched", row["launch_date"]),
        ("Radar cross-section", quantity(row["rcs_m2"], 2, " m²")),
        ("Zone", row["zone"]),
        ("Semi-major axis", quantity(row["semi_major_axis_km"], 0, " km")),
        ("Eccentricity", quantity(row["eccentricity"], 4)),
        ("Inclination", quantity(row["inclination_deg"], 1, "°")),
        ("Orbital period", quantity(row["period_min"], 0, " min")),
        ("Elsewhere", elsewhere(catalogue)),
    )  # fmt: skip


def elsewhere(catalogue: int) -> list[Any]:
    """The satellite at those who list satellites."""
    return [
        tag("a", "CelesTrak",
            href=f"https://celestrak.org/satcat/table-satcat.php?CATNR={catalogue}"), ", ",
        tag("a", "N2YO", href=f"https://www.n2yo.com/satellite/?s={catalogue}"),
    ]  # fmt: skip


def _catalogue(request: Request, catalogue: int) -> Markup:
    return tag("a", catalogue, href=link(request, "satellite", str(catalogue)))


def _age(days: float | None) -> str | None:
    if not is_finite(days):
        return None
    return f"{decimal(abs(days), 1)} d {'older' if days >= 0 else 'newer'} than the exposure"


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
