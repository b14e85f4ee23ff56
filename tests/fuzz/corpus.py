"""The small files that are damaged: for each reader some, all made here."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import fastavro
import numpy as np
from astropy.io import fits

from fink_tracklets import load_survey
from fink_tracklets.ingest.columns import Wanted
from tests.conftest import ROOT
from tests.stores import write_night
from tests.test_satellites_elements import (
    OMM,
    SATCAT,
    THAICOM,
    VANGUARD,
    as_csv,
    as_json,
    as_kvn,
    as_xml,
    in_namespace,
)

NIGHT = "20211021"
ROWS = [OMM, {**OMM, "NORAD_CAT_ID": "400123", "EPOCH": "2021-162T01:12:44.1Z"}]
TEXTS = ("objectId", "publisher", "ssnamenr", "isdiffpos")


def avro(names: list[str]) -> dict[str, object]:
    """A schema with these columns, `candid` or `candidate.ra`."""
    inner = [name.partition(".")[2] for name in names if name.startswith("candidate.")]
    fields: list[dict[str, object]] = [field(name) for name in names if "." not in name]
    record = {"type": "record", "name": "candidate", "fields": [field(name) for name in inner]}
    fields.append({"name": "candidate", "type": record})
    return {"type": "record", "name": "alert", "fields": fields}


def field(name: str) -> dict[str, object]:
    """A column that may be null."""
    kind = "long" if name == "candid" else "string" if name in TEXTS else "double"
    return {"name": name, "type": ["null", kind], "default": None}


MMT = "# Date Time StdMag Mag Filter Penumbra Distance Phase\n" + "\n".join(
    f"2021-06-04 09:36:{k / 10:08.5f} 7.1 {8 + (k % 7 == 0) * 0.5 - 2 * (k == 40):.2f} Clear 0 "
    f"{36000 + k} 40.1"
    for k in range(80)
)


def packet(codec: str = "deflate") -> bytes:
    """An alert as the archive sends it."""
    schema = avro(sorted(Wanted.of(load_survey("ztf"), cutouts=False).needed))
    candidate = {"jd": 2459369.9, "ra": 310.5, "rb": 0.9, "isdiffpos": "t"}
    file = io.BytesIO()
    alert = {"objectId": "ZTF21a", "candid": 1615400115215015013, "candidate": candidate}
    fastavro.writer(file, fastavro.parse_schema(schema), [alert], codec=codec)
    return file.getvalue()


def stamp() -> bytes:
    """A cutout with a WCS."""
    unit = fits.PrimaryHDU(np.arange(81, dtype=np.float32).reshape(9, 9))
    for key, value in (("CD1_1", -0.0003), ("CD1_2", 0.0), ("CD2_1", 0.0), ("CD2_2", 0.0003)):
        unit.header[key] = value
    file = io.BytesIO()
    unit.writeto(file)
    return file.getvalue()


def stored(store: Path) -> tuple[bytes, bytes]:
    """A night in a store: its table of tracklets and its manifest."""
    write_night(store, NIGHT, 2, 5)
    (table,) = (store / "tracklets" / f"night={NIGHT}").iterdir()
    return table.read_bytes(), (store / "manifests" / f"{NIGHT}.json").read_bytes()


def seeds(store: Path) -> dict[str, list[bytes]]:
    """For each reader the whole files.

    Parameters
    ----------
    store : gets the night that the tables are of
    """
    table, manifest = stored(store)
    satcat = f"{SATCAT}\nTHAICOM 2,1994-065B,23314,PAY,-,THAI,1994-10-08,10.5,EA\n"
    surveys = [(ROOT / "conf" / name).read_bytes() for name in ("ztf.toml", "rubin.toml")]
    tle = VANGUARD + "\n".join(THAICOM.splitlines()[:3]) + "\n"
    return {
        "Parquet": [table],
        "manifest": [manifest],
        "Avro": [packet(), packet("null")],
        "OMM JSON": [as_json(ROWS).encode(), json.dumps(ROWS[0]).encode()],
        "OMM CSV": [as_csv(ROWS).encode()],
        "OMM XML": [as_xml(ROWS).encode(), in_namespace(ROWS).encode()],
        "OMM KVN": [as_kvn(ROWS).encode()],
        "TLE": [tle.encode(), gzip.compress(tle.encode(), mtime=0)],
        "SATCAT": [satcat.encode()],
        "FITS": [stamp(), gzip.compress(stamp(), mtime=0)],
        "MMT": [MMT.encode()],
        "TOML": surveys,
    }
