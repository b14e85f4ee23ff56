"""Lines of two objects: how many are recognised, and how many others are taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sgp4.api import WGS72, Satrec
from skyfield.api import wgs84

from benchmarks.satellite_campaign import HIGH, campaign, drawn, parts, share
from benchmarks.satellite_skies import ErrorTable, directions, visible_rows
from fink_tracklets import load_survey
from fink_tracklets.satellites.composite import match_two
from fink_tracklets.satellites.elements import Elements, read_elements
from fink_tracklets.satellites.identify import (
    Catalogue,
    fields_of,
    match_tracklet,
    scenes,
    tracklet_points,
)
from fink_tracklets.satellites.propagation import timescale
from fink_tracklets.sky.sphere import ARCSEC, ra_dec

TWIN_NUMBER = 900_000
TWIN_AHEAD_ARCSEC = 500.0


def composites(data: Path, n: int, seed: int, skies: int) -> None:
    """Print the shares."""
    alerts, truth, catalogue, survey = drawn(data, n, seed, True)
    found = campaign(alerts, catalogue, survey, [0.0] + [None] * skies, ["likelihood"], True)
    found = found.merge(truth, on="tracklet").assign(shifted=found["sky"] > 0)
    for shifted, rows in found.groupby("shifted"):
        for label, part in parts(rows):
            print(
                f"{'shifted' if shifted else 'true'}, {label}: composite "
                f"{share(part['composite'].sum(), len(part))}, of {(part['found'] == 0).sum()} "
                "not matched"
            )
    for orbit_class in ("GEO in slot", "GEO passive"):
        count = two_on_a_line(data, orbit_class, n // 10, seed)
        print(f"3 + 2 points of two objects, {orbit_class}: {count}")


def two_on_a_line(data: Path, orbit_class: str, n: int, seed: int) -> dict[str, int]:
    """What becomes of three points of an object and two of a twin 500" ahead on its orbit.

    Both are aside by the same, or it were no line, and late each by its own.
    """
    survey, table = load_survey("ztf"), ErrorTable.read(data / "element_errors.csv")
    elements = read_elements([data / "norad_20210611.3le.gz"])
    classes = Catalogue.of(elements).classes
    rng, ts, site = np.random.default_rng(seed), timescale(), survey.site
    place = wgs84.latlon(site.latitude_deg, site.longitude_deg, site.elevation_m)
    jd = np.floor(np.median(elements.epoch_jd[np.isin(classes, HIGH)])) + 2.5 + 8 / 24
    up = visible_rows(elements, classes == orbit_class, jd, (1.0, 4.0), survey)
    count = dict.fromkeys(("both", "one", "other composite", "one, wrong", "none"), 0)
    for row in rng.choice(up, min(n, len(up)), replace=False):
        age = jd - elements.epoch_jd[row]
        errors = [table.draw(orbit_class, age, rng) for _ in range(2)]
        late, aside = [error[0] for error in errors if error], errors[0][1]  # type: ignore[index]
        pair = [elements.satrecs[row], ahead(elements.satrecs[row])]
        points = np.concatenate(
            [
                directions(satrec, jd, np.sort(rng.uniform(0.5, 29.5, k)), (own, aside), place, ts)[
                    0
                ]
                for satrec, own, k in zip(pair, late, (3, 2), strict=True)
            ]
        )
        points += rng.normal(0, 0.3 * ARCSEC, points.shape)
        ra, dec = ra_dec(points)
        along = np.linalg.norm(points - points[0], axis=1)
        alerts = pd.DataFrame(
            {
                "tracklet": "T",
                "exposure": "E",
                "jd": jd,
                "ra": ra,
                "dec": dec,
                "along_arcsec": along / ARCSEC,
            }
        )
        catalogue = Catalogue.of(with_twin(elements, row, pair[1]))
        (scene,) = scenes(catalogue, fields_of(alerts), survey)
        own = tracklet_points(alerts)["E"]["T"]
        found = match_tracklet(own, scene, survey)
        if not len(found.which):
            found = match_two(own, scene, survey) or found
        numbers = catalogue.elements.norad_cat_id[scene.orbits.rows[found.which]].tolist()
        true = {int(elements.norad_cat_id[row]), TWIN_NUMBER}
        if found.composite:
            count["both" if set(numbers) == true else "other composite"] += 1
        elif numbers:
            count["one" if numbers[0] in true else "one, wrong"] += 1
        else:
            count["none"] += 1
    return count


def ahead(s: Satrec) -> Satrec:
    """The same orbit, further along."""
    twin = Satrec()
    twin.sgp4init(
        WGS72,
        "i",
        0,
        s.jdsatepoch + s.jdsatepochF - 2433281.5,
        s.bstar,
        s.ndot,
        s.nddot,
        s.ecco,
        s.argpo,
        s.inclo,
        s.mo + TWIN_AHEAD_ARCSEC * ARCSEC,
        s.no_kozai,
        s.nodeo,
    )
    return twin


def with_twin(elements: Elements, row: int, twin: Satrec) -> Elements:
    """The catalogue with one object more."""
    found = elements.take(np.append(np.arange(len(elements)), row))
    found.satrecs[-1] = twin
    found.norad_cat_id[-1] = TWIN_NUMBER
    return found
