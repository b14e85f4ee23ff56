"""A tracklet: where it is, how bright, what made it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.orbits.classes import CLASSES
from fink_tracklets.orbits.track import drawn_orbits
from fink_tracklets.service.pages.brightness import light_curve, magnitudes
from fink_tracklets.service.pages.orbit import orbit_plot
from fink_tracklets.service.pages.page import neighbours, page, root
from fink_tracklets.service.pages.sky_view import sky_view
from fink_tracklets.service.query import FORMATS
from fink_tracklets.service.reading.details import Details, details
from fink_tracklets.service.reading.objects import object_with
from fink_tracklets.service.reading.packets import KINDS
from fink_tracklets.service.reading.parquet import ParquetReader
from fink_tracklets.service.requests import Alerts, StoreReader, WholeName
from fink_tracklets.service.sky import sexagesimal

STAMPED = 30
"""Alerts whose stamps are shown."""
router = APIRouter()


@router.get("/tracklet/{name}")
def tracklet_page(
    request: Request, name: WholeName, reader: StoreReader, alerts: Alerts
) -> Response:
    """The page of a tracklet."""
    found = reader.consistent(lambda snapshot: details(snapshot, name))
    stamps = f"{root(request)}/api/v1/tracklets/{name}/stamps"
    ra, dec = found.middle
    stored = found.stamps or frozenset()
    ids = [row["alert_id"] for row in found.alerts]
    return page(
        request,
        "tracklet.html",
        title=name,
        found=found,
        row=found.tracklet,
        best=next(iter(found.satellites or []), None),
        neighbours_of=neighbours(sorted(found.night.tracklets["tracklet"].to_pylist()), name),
        sky=sky_view(found, stamps if alerts is not None else None),
        middle=(sexagesimal(ra, dec), f"{ra:.5f} {dec:+.5f}"),
        formats=list(zip(("JSON", "CSV", "Parquet", "VOTable"), FORMATS, strict=True)),
        elsewhere=_elsewhere(found),
        **_orbit(found, reader),
        magnitudes=magnitudes(found),
        light_curve=light_curve(found),
        stamps=stamps,
        kinds=KINDS,
        stamped=[alert for alert in ids if alerts is not None or alert in stored],
        most=STAMPED,
    )


def _orbit(found: Details, reader: ParquetReader) -> dict[str, Any]:
    """What the page shows of the tracklet's orbit."""
    orbit = found.orbit
    if orbit is None or orbit["note"] is not None:
        return {"orbit": orbit, "classes": [], "orbit_plot": "", "object": None}
    a, inclination = drawn_orbits(orbit["draws"])
    return {
        "orbit": orbit,
        "classes": [(name, orbit[f"p_{name.lower()}"]) for name in CLASSES],
        "orbit_plot": orbit_plot(a, inclination),
        "object": object_with(reader.index.folder, found.tracklet["tracklet"]),
    }


def _elsewhere(found: Details) -> dict[str, str]:
    """The middle of the tracklet at those who show the sky."""
    ra, dec = found.middle
    place = f"{ra:.6f} {dec:+.6f}"
    field = max(0.05, 2 * (found.tracklet["length_arcsec"] or 0) / 3600)
    aladin = urlencode({"target": place, "fov": f"{field:.3f}"})
    simbad = urlencode({"Coord": place, "Radius": "2", "Radius.unit": "arcmin"})
    return {
        "Aladin": f"https://aladin.cds.unistra.fr/AladinLite/?{aladin}",
        "SIMBAD": f"https://simbad.cds.unistra.fr/simbad/sim-coo?{simbad}",
    }
