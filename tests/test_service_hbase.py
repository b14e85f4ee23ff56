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
from tests.test_service import DOCUMENTED, four_calls, largest


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
    write_store(store, "20220101", nights=2, tracklets=4, alerts=3)
    for night in ("20210604", "20211022", "20220101", "20220102"):
        command = ["publish", "--night", night, "--store", str(store), "--quiet"]
        assert main([*command, "--hbase", hbase.address]) == 0
    reader = HBaseReader(load_hbase(hbase.address), ztf.carry)
    with (
        serving(store, row_limit=20) as parquet,
        serving(reader=reader, row_limit=20) as published,
    ):
        yield parquet, published


def test_hbase_answers_as_parquet_does(both, simulated_store):
    name = largest(simulated_store)
    calls = [
        *DOCUMENTED,
        *four_calls(name),
        {"date": "2022-01-02"},  # of two nights
        {"id": "TRCK_"},
        {"id": "TRCK_", "after": name},
        {"id": "TRCK_2021", "columns": "v:lastdate,i:candid,d:rms_arcsec"},
        {"date": "2019-01-01"},
        {"date": "2021-10-22", "columns": "i:nothing"},
        {"date": "then"},
    ]
    for given in calls:
        for form in ("json", "csv", "parquet", "votable"):
            answers = [
                requests.get(
                    f"{address}/api/v1/tracklet",
                    params={**given, "output-format": form},
                    timeout=60,
                )
                for address in both
            ]
            for part in ("status_code", "content", "links"):
                one, other = (getattr(answer, part) for answer in answers)
                assert one == other, (given, form, part)
            assert len({answer.headers.get("X-Total-Count") for answer in answers}) == 1
    rows = requests.get(f"{both[1]}/api/v1/tracklet", params={"id": name}, timeout=60).json()
    assert {row["d:tracklet"] for row in rows} == {name}
    assert all(row["d:object_name"].startswith("SIM ") for row in rows)
    two = requests.get(f"{both[1]}/api/v1/tracklet?date=2022-01-02", timeout=60).json()
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
