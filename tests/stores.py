"""Stores without Spark: many nights of tracklets, written as `run` leaves them."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits

from fink_tracklets.hbase.cells import NUMBERS
from fink_tracklets.naming import UNIX_EPOCH_JD, exposure_second, tracklet_name
from fink_tracklets.survey import load_survey
from fink_tracklets.tables import TABLES

CARRIED = {
    "string": "objectId publisher ssnamenr isdiffpos",
    "long": "candid",
    "double": "jdstarthist jdendhist",
    "integer": "rcid fid nid field tooflag nmtchps ndethist",
    "float": "chipsf distnr xpos ypos rb drb ssdistnr ssmagnr sgscore1 distpsnr1 neargaia maggaia "
    "diffmaglim magpsf sigmapsf magnr sigmagnr magzpsci classtar",
}
"""What the broker's table has beside ra, dec and jd."""


def write_store(
    store: Path, first: str, nights: int, tracklets: int = 10, alerts: int = 10
) -> None:
    """Nights one after the other, from noon UTC on: each has exposures on two UTC dates."""
    day = datetime.strptime(first, "%Y%m%d").replace(tzinfo=UTC)
    for k in range(nights):
        write_night(store, f"{day + timedelta(days=k):%Y%m%d}", tracklets, alerts)


def write_night(store: Path, night: str, tracklets: int = 10, alerts: int = 10) -> None:
    """A night with tracklets of so many alerts, spread evenly over the 24 hours from noon UTC."""
    tables = night_tables(night, tracklets, alerts)
    files = {}
    for name, table in tables.items():
        path = f"{name}/night={night}/part-00000-first.parquet"
        (store / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, store / path)
        files[name] = [path]
    n = tracklets * alerts
    manifest = {
        "night": night,
        "run": "first",
        "version": "0.1.0",
        "tables_version": 1,
        "written": "2026-01-01T00:00:00+00:00",
        "inputs": {"alerts": "nowhere"},
        "survey": "ztf",
        "configuration": asdict(load_survey("ztf")),
        "alerts_read": 2 * n,
        "alerts_unusable": {"alerts": 0, "no_id": 0, "no_time": 0, "no_position": 0},
        "funnel": [{"cut": "quality", "alerts": 2 * n}],
        "exposures": {"with_alerts": 1, "with_candidates": 1, "with_tracklets": 1},
        "exposures_skipped": [],
        "exposures_crowded": [],
        "rows": {name: len(table) for name, table in tables.items()},
        "files": files,
    }
    (store / "manifests").mkdir(exist_ok=True)
    part = store / "manifests" / f"_{night}"
    part.write_text(json.dumps(manifest))
    part.replace(store / "manifests" / f"{night}.json")


def night_tables(night: str, tracklets: int, alerts: int) -> dict[str, pa.Table]:
    """The four tables of such a night; the same each time."""
    random = np.random.default_rng(int(night))
    noon = datetime.strptime(night, "%Y%m%d").replace(tzinfo=UTC, hour=12).timestamp()
    second = noon + 86_400 * (np.arange(tracklets) + 0.5) / max(tracklets, 1) + 0.25
    jd = second / 86_400 + UNIX_EPOCH_JD
    names = [tracklet_name(s, 0) for s in exposure_second(jd).tolist()]
    ra = random.uniform(0, 359, tracklets)
    dec = random.uniform(-30, 80, tracklets)
    one = {
        "tracklet": names,
        "exposure": [repr(t) for t in jd.tolist()],
        "exposure_start": [datetime.fromtimestamp(s, UTC) for s in second.tolist()],
        "jd": jd,
        "n_alerts": np.full(tracklets, alerts),
        "n_points": np.full(tracklets, alerts),
        "ra_start": ra,
        "dec_start": dec,
        "ra_end": ra + 0.01,
        "dec_end": dec + 0.01,
        "length_arcsec": np.full(tracklets, 50.0),
        "along_pixel_axis": np.arange(tracklets) % 2 == 0,
        "log10_nfa": np.full(tracklets, np.nan),
    }
    of = np.repeat(np.arange(tracklets), alerts)
    n = len(of)
    place = np.tile(np.arange(alerts), tracklets)
    ids = int(night) * 10**9 + np.arange(n)
    each = {
        "tracklet": [names[k] for k in of],
        "alert_id": ids,
        "object_id": [f"ZTF{k:012d}" for k in ids],
        "exposure": [one["exposure"][k] for k in of],
        "jd": jd[of],
        "ra": ra[of] + place / 1000,
        "dec": dec[of] + place / 1000,
        "band": ["g"] * n,
        "mag": random.normal(18, 1, n),
        "mag_err": random.uniform(0.05, 0.2, n),
        "along_arcsec": 5.0 * place,
        "offset_arcsec": random.normal(0, 0.2, n),
    }
    alerts_table = defined("tracklet_alerts", each)
    for kind, columns in CARRIED.items():
        for name in columns.split():
            if kind == "string":
                values = pa.array(each["object_id"] if name == "objectId" else ["t"] * n)
            elif name == "candid":
                values = pa.array(ids)
            else:
                values = pa.array(random.uniform(0, 20, n)).cast(NUMBERS[kind], safe=False)
            alerts_table = alerts_table.append_column(name, values)
    candidates = {name: each[name] for name in TABLES["candidates"].names if name in each}
    exposures = {
        "exposure": one["exposure"],
        "jd": jd,
        "ra": ra,
        "dec": dec,
        "exposure_start": one["exposure_start"],
        "candidates": np.full(tracklets, alerts),
    }
    return {
        "tracklets": defined("tracklets", one),
        "tracklet_alerts": alerts_table,
        "candidates": defined("candidates", candidates),
        "exposures": defined("exposures", exposures),
    }


def later_tables(name: str, alert: dict[str, Any], stamp: bytes) -> dict[str, pa.Table]:
    """What later stages find of one tracklet: two satellites, two flashes, a stamp of an alert.

    The better satellite passes along the track from its end to its start.
    """
    arc = {
        f"arc_{axis}_{place}": [alert[axis] - k / 1000] * 2
        for k, place in enumerate(("start", "middle", "end"))
        for axis in ("ra", "dec")
    }
    found = {
        "satellites": {
            "tracklet": [name] * 2,
            "rank": [2, 1],
            "norad_cat_id": [5, 23314],
            "object_name": ["VANGUARD 1", "THAICOM 2"],
            "certain": [None, True],
            **arc,
        },
        "light_curves": {
            "tracklet": [name] * 2,
            "time_s": [0.0, 1.5],
            "mag": [17.0, 17.5],
            "alert_id": [alert["alert_id"], None],
            "limiting_mag": [20.0, 20.0],
        },
        "flashes": {"tracklet": [name], "period_s": [1.5]},
        "stamps": {"tracklet": [name], "alert_id": [alert["alert_id"]], "science": [stamp]},
    }
    return {table: defined(table, columns) for table, columns in found.items()}


def fits_file(level: int) -> bytes:
    """A small image as FITS."""
    file = io.BytesIO()
    fits.PrimaryHDU(np.arange(9.0).reshape(3, 3) + level).writeto(file)
    return file.getvalue()


def defined(name: str, columns: dict[str, object]) -> pa.Table:
    """A table as defined; columns that are not given are null."""
    schema = TABLES[name].arrow_schema
    n = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return pa.table(
        [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.nulls(n, field.type)
            for field in schema
        ],
        schema=schema,
    )
