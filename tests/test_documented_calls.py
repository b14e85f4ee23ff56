"""The calls of the broker's API documentation for this route, against us, in all forms.

What is expected of each is what the broker's own code makes of it: a prefix of the row keys, so the
tracklets whose names begin so; all their alerts, newest first; for `columns=*` every column of the
table beside five that are computed.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from astropy.io import votable
from astropy.io.votable import validate
from astropy.table import Table

from tests.serving import serving
from tests.stores import write_store

COMPUTED = ["v:classification", "v:constellation", "v:firstdate", "v:lapse", "v:lastdate"]
CALLS = [
    ({"date": "2021-08-10"}, "TRCK_20210810"),
    ({"date": "2021-08-10 09"}, "TRCK_20210810_09"),
    ({"date": "2021-08-10 09:00"}, "TRCK_20210810_0900"),
    ({"date": "2021-08-10 09:00:00"}, "TRCK_20210810_090000"),
    ({"date": "2021-08-10 09:00:00 00"}, "TRCK_20210810_090000_00"),
    ({"id": "2021-08-10 09:00:00"}, "TRCK_20210810_090000"),
    ({"id": "2021-08-10 09:00:00 00"}, "TRCK_20210810_090000_00"),
    ({"id": "TRCK_20210810_090000_00"}, "TRCK_20210810_090000_00"),
    ({"id": "TRCK_20210810_090000"}, "TRCK_20210810_090000"),
    ({"date": "2021-08"}, "TRCK_202108"),
    ({"date": "2021"}, "TRCK_2021"),
    ({"date": "20210810"}, "TRCK_20210810"),
    ({"date": "2021-08-1"}, "TRCK_2021081"),
    ({"date": "2021-08-10 1"}, "TRCK_20210810_1"),
]
"""What is asked, and how the broker's row keys begin that answer it."""
FORMS = ("json", "csv", "parquet", "votable")


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """Four nights about the documentation's, four tracklets of three alerts each."""
    store = tmp_path_factory.mktemp("documented")
    write_store(store, "20210808", nights=4, tracklets=4, alerts=3)
    with serving(store) as address:
        yield f"{address}/api/v1/tracklet"


@pytest.fixture(scope="module")
def everything(portal):
    """All rows there are."""
    return pd.DataFrame(requests.get(portal, params={"id": "TRCK_"}, timeout=30).json())


def read(content: bytes, form: str) -> pd.DataFrame:
    """An answer as the documentation's Python reads it."""
    file = io.BytesIO(content)
    if form == "votable":
        return Table.read(file, format="votable", use_names_over_ids=True).to_pandas()
    if form == "parquet":
        return pq.read_table(file).to_pandas()
    return getattr(pd, f"read_{form}")(file)


@pytest.mark.parametrize(("given", "prefix"), CALLS, ids=str)
def test_each_documented_call_in_each_form(portal, everything, given, prefix, tmp_path):
    expected = everything[everything["d:tracklet"].str.startswith(prefix)]
    assert len(expected)
    for form in FORMS:
        call = {**given, "output-format": form}
        posted = requests.post(portal, json=call, timeout=30)
        assert posted.status_code == 200
        asked = requests.get(f"{portal}?{urlencode(call)}", timeout=30)
        assert asked.content == posted.content
        file = tmp_path / f"answer.{form}"
        head = ["-H", "Content-Type: application/json", "-X", "POST", "-d", json.dumps(call)]
        subprocess.run(["curl", "-sf", *head, portal, "-o", str(file)], check=True, timeout=30)
        assert file.read_bytes() == posted.content
        frame = read(posted.content, form)
        assert list(frame["d:alert_id"]) == list(expected["d:alert_id"])
        assert list(frame["v:lastdate"]) == sorted(frame["v:lastdate"], reverse=True)
        assert sorted(frame.columns) == sorted(everything.columns)


def test_the_documentation_s_python(portal, everything):
    answer = requests.post(portal, json={"date": "2021-08-10", "output-format": "json"}, timeout=30)
    frame = pd.read_json(io.BytesIO(answer.content))
    assert set(COMPUTED) <= set(frame.columns)
    assert len(frame) == everything["d:tracklet"].str.startswith("TRCK_20210810").sum()


@pytest.mark.parametrize("columns", ["*", "i:objectId", "i:objectId,d:tracklet,v:lastdate"])
def test_columns_are_those_that_were_asked_for(portal, columns):
    for form in FORMS:
        given = {"date": "2021-08-10", "columns": columns, "output-format": form}
        frame = read(requests.get(portal, params=given, timeout=30).content, form)
        if columns == "*":
            assert len(frame.columns) > 80
        else:
            assert list(frame.columns) == columns.split(",")


def test_numbers_keep_their_types(portal):
    """What pyarrow, astropy and pandas make of an id, a count, a float and a double."""
    columns = "i:candid,i:ndethist,i:magpsf,i:ra"
    given = {"date": "2021-08-10", "columns": columns}
    content = {f: requests.get(portal, params={**given, "output-format": f}).content for f in FORMS}
    types = pq.read_schema(io.BytesIO(content["parquet"])).types
    assert types == [pa.int64(), pa.int32(), pa.float32(), pa.float64()]
    table = Table.read(io.BytesIO(content["votable"]), format="votable")
    assert [table[name].dtype for name in table.colnames] == [
        "int64",
        "int32",
        "float32",
        "float64",
    ]
    ids = [read(content[form], form)["i:candid"].tolist() for form in FORMS]
    assert all(one == ids[0] for one in ids)
    assert all(isinstance(number, int) for number in ids[0])
    for form in ("csv", "parquet", "votable"):
        magnitudes = read(content[form], form)["i:magpsf"].astype(np.float32)
        assert list(magnitudes) == list(
            read(content["json"], "json")["i:magpsf"].astype(np.float32)
        )


@pytest.mark.parametrize(("given", "prefix"), CALLS[:3], ids=str)
def test_votables_pass_the_validator(portal, given, prefix):
    answer = requests.get(portal, params={**given, "output-format": "votable"}, timeout=30)
    said = io.StringIO()
    assert validate(io.BytesIO(answer.content), output=said, xmllint=False), said.getvalue()
    votable.parse(io.BytesIO(answer.content), verify="exception")


@pytest.mark.campaign
def test_stilts_has_nothing_to_say(portal, tmp_path):
    """Its votlint, the strictest validator there is. Debian's package `stilts`."""
    if (stilts := shutil.which("stilts")) is None:
        pytest.skip("no STILTS: install Debian's stilts")
    cone = f"{portal.removesuffix('tracklet')}conesearch"
    everywhere = {"RA": "0", "DEC": "0", "SR": "180"}
    calls = [(portal, {**given, "output-format": "votable"}) for given, _ in CALLS[:6]]
    nothing = {"date": "2019-01-01", "output-format": "votable"}
    for url, given in [*calls, (portal, nothing), (cone, everywhere)]:
        file = tmp_path / "answer.xml"
        file.write_bytes(requests.get(url, params=given, timeout=30).content)
        done = subprocess.run([stilts, "votlint", str(file)], capture_output=True, text=True)
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), given


@pytest.mark.parametrize("form", FORMS)
def test_nothing_found_is_an_empty_table_of_the_form(portal, form):
    answer = requests.get(portal, params={"date": "2019-01-01", "output-format": form}, timeout=30)
    assert answer.status_code == 200
    if form != "csv":
        assert len(read(answer.content, form)) == 0


def test_without_arguments_it_lists_them(portal):
    listed = requests.get(portal, timeout=30).json()["args"]
    assert {"date", "id", "columns", "output-format"} <= {given["name"] for given in listed}
