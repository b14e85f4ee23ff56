"""A sky for the benchmarks of orbits: the real catalogue flown through real pointings.

The catalogue of `data/` is of 2021-06; the real exposures end in 2020. Those of 2020-05-31 to 06-16
are moved by 366 sidereal days, which leaves sky and Sun where they were. Which objects flash, and
how, is drawn anew for each seed. Station-keeping satellites and constellations are silent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets import load_survey
from fink_tracklets.finder.curve import fit_curve
from fink_tracklets.satellites.elements import Elements, read_elements
from fink_tracklets.satellites.error_laws import CONSTELLATIONS, orbit_classes
from fink_tracklets.simulate.catalogue import Fleet, classify
from fink_tracklets.simulate.flashes import draw_spin
from fink_tracklets.simulate.glints import MIN_POINTS, record
from fink_tracklets.simulate.instruments import RUBIN, ZTF, Instrument
from fink_tracklets.simulate.orbits import crossings
from fink_tracklets.simulate.schedule import draw_exposures
from fink_tracklets.sky.sphere import unit_vectors

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIDEREAL_DAYS = 366 * 0.99726957
FIRST, DAYS = 2459000.5, 17.0
"""2020-05-31 to 06-16."""


@dataclass(frozen=True)
class Sky:
    """Simulated tracklets with their truth."""

    tracklets: pd.DataFrame
    """As the table, with norad_cat_id, night and seed."""
    alerts: pd.DataFrame
    """As the table."""
    exposures: pd.DataFrame
    """exposure, jd, ra, dec."""


def catalogue() -> Elements:
    """The real one."""
    return read_elements([DATA / "norad_20210611.3le.gz"])


def pointings(first: float = FIRST, days: float = DAYS) -> pd.DataFrame:
    """jd, ra, dec of the exposures of so many days, moved."""
    seen = pd.read_parquet(DATA / "ztf_moving_candidates_2019_2020.parquet")
    seen = seen[(seen["jd"] >= first) & (seen["jd"] < first + days)]
    vectors = unit_vectors(seen["ra"], seen["dec"])
    middle = pd.DataFrame(vectors, columns=["x", "y", "z"]).groupby(seen["jd"].to_numpy()).mean()
    x, y, z = middle.to_numpy().T
    return pd.DataFrame(
        {
            "jd": np.round(middle.index.to_numpy() + SIDEREAL_DAYS, 7),
            "ra": np.degrees(np.arctan2(y, x)) % 360,
            "dec": np.degrees(np.arctan2(z, np.hypot(x, y))),
        }
    )


def rubin_pointings(nights: int, exposures: int, first: str = "20210610") -> pd.DataFrame:
    """jd, ra, dec of random visits of Rubin in the catalogue's own days."""
    survey, camera = load_survey("rubin"), replace(RUBIN, first_year=2021)
    rng, parts = np.random.default_rng(1), []
    for date in pd.date_range(first, periods=nights).strftime("%Y%m%d"):
        parts.append(
            draw_exposures(rng, date, exposures, survey.site, survey.exposure_time_s, camera)
        )
    return pd.concat(parts, ignore_index=True)[["jd", "ra", "dec"]]


def fleet_of(elements: Elements) -> Fleet:
    """What can flash of a catalogue."""
    names = np.array([str(name).upper() for name in elements.name], dtype=object)
    kinds = orbit_classes(elements.orbits(), elements.name)
    silent = np.array([name.startswith(CONSTELLATIONS) for name in names]) | (
        kinds == "GEO in slot"
    )
    last = np.append(np.diff(elements.norad_cat_id) > 0, True)
    keep = np.flatnonzero(last & ~silent)
    records = elements.satrecs[keep]
    return Fleet(
        norad_cat_id=elements.norad_cat_id[keep],
        name=elements.name[keep],
        orbit_class=np.array([classify(one) for one in records], dtype=object),
        satrec=records,
    )


def simulate(
    elements: Elements,
    fields: pd.DataFrame,
    seeds: Iterator[int],
    only: Collection[int] | None = None,
    always: bool = False,
    camera: Instrument = ZTF,
) -> Sky:
    """Fly a catalogue through fields, once for each seed.

    Parameters
    ----------
    only : these objects
    always : all of them flash
    camera : whose the fields are
    """
    survey = load_survey(camera.survey)
    fleet = fleet_of(elements)
    if only is not None:
        wanted = np.isin(fleet.norad_cat_id, list(only))
        fleet = Fleet(*(values[wanted] for values in vars(fleet).values()))
    rows, alerts = [], []
    jd = fields["jd"].to_numpy()
    for seed in seeds:
        spins = [
            draw_spin(seed, int(number), kind, always=always)
            for number, kind in zip(fleet.norad_cat_id, fleet.orbit_class, strict=True)
        ]
        flashing = np.array([spin is not None for spin in spins])
        part = Fleet(*(values[flashing] for values in vars(fleet).values()))
        kept = [spin for spin in spins if spin is not None]
        passages = crossings(
            part,
            survey.site,
            jd,
            survey.exposure_time_s,
            fields["ra"].to_numpy(),
            fields["dec"].to_numpy(),
            camera.mosaic.radius_deg,
        )
        for passage in passages:
            field = fields.iloc[passage.exposure]
            rng = np.random.default_rng([seed, 9, passage.exposure, passage.row])
            limit = rng.choice(camera.limiting_mag, p=camera.band_share) + rng.normal(0, 0.3)
            spin = kept[passage.row]
            seen, _ = record(rng, passage, spin, field["ra"], field["dec"], limit, camera)
            seen = seen[seen["role"] == "candidate"]
            if not MIN_POINTS <= len(seen) <= 200:
                continue
            points = unit_vectors(seen["ra"], seen["dec"])
            order = np.lexsort(points.T)
            points, errors = points[order], seen["mag_err"].to_numpy()[order]
            curve, along, offset = fit_curve(points)
            name = f"S{seed:03d}_{passage.exposure:05d}_{len(rows):05d}"
            exposure = repr(float(field["jd"]))
            rows.append(
                {
                    "tracklet": name,
                    "exposure": exposure,
                    "jd": field["jd"],
                    "n_points": len(points),
                    **vars(curve),
                    "norad_cat_id": int(part.norad_cat_id[passage.row]),
                    "night": int(np.floor(field["jd"] - 0.2)),
                    "seed": seed,
                    "period_s": spin.period_s,
                }
            )
            ra, dec = (
                np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360,
                np.degrees(np.arcsin(points[:, 2])),
            )
            alerts.append(
                pd.DataFrame(
                    {
                        "tracklet": name,
                        "ra": ra,
                        "dec": dec,
                        "along_arcsec": along,
                        "offset_arcsec": offset,
                        "mag_err": errors,
                    }
                )
            )
    exposures = fields.assign(exposure=[repr(float(one)) for one in jd])
    return Sky(pd.DataFrame(rows), pd.concat(alerts, ignore_index=True), exposures)


def held_out(sky: Sky, per_object: int = 2) -> pd.DataFrame:
    """The tracklets of a test: at most so many of an object, night and seed."""
    keys = ["norad_cat_id", "night", "seed"]
    return sky.tracklets[sky.tracklets.groupby(keys).cumcount() < per_object]
