"""The broker's call read from HBase: equal to the answer from Parquet."""

from __future__ import annotations

import shutil

import pytest
import requests

from fink_tracklets.cli.main import main
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.service.reading.hbase import HBaseReader
from tests.serving import serving
from tests.stores import write_store
from tests.test_documented_calls import CALLS, FORMS, read
from tests.test_service import four_calls, largest


@pytest.fixture
def both(ztf, stored, simulated, simulated_store, hbase, tmp_path):
    """Services over the real sample, a simulated night with its satellites and two made nights.

    From Parquet and from HBase.
    """
    store = tmp_path / "store"
    shutil.copytree(stored, store)
    shutil.copytree(simulated_store, store, dirs_exist_ok=True)
    command = ["satellites", "--night", "20211022", "--store", str(store), "--quiet"]
    assert main([*command, "--elements", str(simulated.alerts.parent / "catalogue.json")]) == 0
    write_store(store, "20210809", nights=2, tracklets=4, alerts=3)
    for night in ("20210604", "20211022", "20210809", "20210810"):
        command = ["publish", "--night", night, "--store", str(store), "--quiet"]
        assert main([*command, "--hbase", hbase.address]) == 0
    reader = HBaseReader(load_hbase(hbase.address), ztf.carry)
    with (
        serving(store, row_limit=20) as parquet,
        serving(reader=reader, row_limit=20) as published,
    ):
        yield parquet, published


def test_hbase_answers_as_parquet_does(both, simulated_store):
    """The broker's documented calls in all their forms, and what else clients ask."""
    name = largest(simulated_store)
    documented = [
        (given | {"columns": columns}, prefix)
        for given, prefix in CALLS[:1]
        for columns in ("*", "i:objectId", "i:objectId,d:tracklet,v:lastdate")
    ]
    calls = [
        *CALLS,
        *documented,
        ({"id": "TRCK_20210810_090000_00_ZTF"}, "TRCK_20210810_090000_00"),  # of row keys
        *((given, name[:13]) for given in four_calls(name)),
        ({"id": "TRCK_"}, "TRCK_"),
        ({"id": "TRCK_", "after": name}, "TRCK_"),
        ({"id": "TRCK_2021", "columns": "v:lastdate,d:tracklet,d:rms_arcsec"}, "TRCK_2021"),
        ({"date": "2019-01-01"}, None),
        ({"date": "2021-10-22", "columns": "i:nothing"}, None),
        ({"date": "then"}, None),
    ]
    for given, prefix in calls:
        for form in FORMS:
            call = {**given, "output-format": form}
            urls = [f"{address}/api/v1/tracklet" for address in both]
            answers = [requests.get(url, params=call, timeout=60) for url in urls]
            for part in ("status_code", "content", "links"):
                one, other = (getattr(answer, part) for answer in answers)
                assert one == other, (given, form, part)
            assert len({answer.headers.get("X-Total-Count") for answer in answers}) == 1
            if "after" not in given:
                posted = requests.post(urls[1], json=call, timeout=60)
                assert posted.content == answers[1].content
            if prefix and "d:tracklet" in given.get("columns", "d:tracklet"):
                tracklets = read(answers[1].content, form)["d:tracklet"]
                assert len(tracklets)
                assert tracklets.str.startswith(prefix).all(), (given, form)
    rows = requests.get(f"{both[1]}/api/v1/tracklet", params={"id": name}, timeout=60).json()
    assert {row["d:tracklet"] for row in rows} == {name}
    assert all(row["d:object_name"].startswith("SIM ") for row in rows)
    two = requests.get(f"{both[1]}/api/v1/tracklet?date=2021-08-10", timeout=60).json()
    assert len({row["d:tracklet"] for row in two}) == 4
    _, published = both
    for path in ("/", "/night/20210604", "/api/v1/nights"):
        answer = requests.get(f"{published}{path}", timeout=60)
        assert answer.status_code == 501
        assert "--store" in answer.text


def test_an_hbase_that_is_gone_is_a_sentence(hbase):
    hbase.set(port=1, attempts=1)
    with serving(reader=HBaseReader(load_hbase())) as address:
        answer = requests.get(f"{address}/api/v1/tracklet?date=2021-06-04", timeout=60)
        assert answer.status_code == 503
        assert "HBase" in answer.json()["text"]
