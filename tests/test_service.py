"""The broker's call /api/v1/tracklet, as its clients use it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import requests
from astropy.table import Table

from fink_tracklets import read_table
from fink_tracklets.service.query import ARGUMENTS
from fink_tracklets.service.wanted import parse_id
from tests.conftest import ROOT, SAMPLE
from tests.serving import ask, serving
from tests.stores import write_night, write_store

NAME = "TRCK_20210604_093609_00"
DOCUMENTED = [
    {"date": "2021-06-04"},
    {"date": "2021-06-04 09"},
    {"date": "2021-06-04 09:36"},
    {"date": "2021-06-04 09:36:09"},
    {"date": "2021-06-04 09:36:09 00"},
    {"id": NAME},
    {"id": "TRCK_202106"},
    {"id": "TRCK_20210604_0936"},
    {"id": "2021-06-04 09:36:09"},
    {"id": "2021-06-04 09:36:09 00"},
]


@pytest.fixture(scope="module")
def sample(stored):
    with serving(stored, str(SAMPLE)) as address:
        yield address


@pytest.fixture(scope="module")
def night(simulated_store):
    with serving(simulated_store) as address:
        yield address


def sentence(answer: requests.Response) -> str:
    body = answer.json()
    assert body["status"] == "error"
    return body["text"]


def names(answer: requests.Response) -> list[str]:
    return list(dict.fromkeys(row["d:tracklet"] for row in answer.json()))


@pytest.mark.parametrize("given", DOCUMENTED, ids=str)
def test_documented_calls_return_the_published_tracklet(sample, given):
    url = f"{sample}/api/v1/tracklet"
    answer = requests.post(url, json={**given, "output-format": "json"}, timeout=30)
    frame = pd.read_json(io.BytesIO(answer.content))
    assert len(frame) == 15
    assert set(frame["d:tracklet"]) == {NAME}
    assert answer.headers["X-Total-Count"] == "15"
    assert requests.get(url, params=given, timeout=30).content == answer.content


def largest(store: str) -> str:
    """The tracklet with most alerts of the simulated night."""
    rows = read_table(store, "tracklets", "20211022").to_pylist()
    return max(rows, key=lambda row: (row["n_alerts"], row["tracklet"]))["tracklet"]


def four_calls(name: str) -> list[dict[str, str]]:
    """The documentation's two calls by date and two by id, for the exposure of a tracklet."""
    day = f"{name[5:9]}-{name[9:11]}-{name[11:13]}"
    second = f"{day} {name[14:16]}:{name[16:18]}:{name[18:20]}"
    return [{"date": day}, {"date": second[:13]}, {"id": second}, {"id": f"{second} {name[21:]}"}]


def test_documented_calls_on_a_simulated_night(night, simulated, simulated_store, tmp_path):
    """By requests, curl and pandas, in all formats: the alerts of the simulation's truth."""
    name, url = largest(simulated_store), f"{night}/api/v1/tracklet"
    alerts = read_table(simulated_store, "tracklet_alerts", "20211022").to_pandas()
    prefixes = (name[:13], name[:16], name[:21], name)
    for given, prefix in zip(four_calls(name), prefixes, strict=True):
        expected = alerts[alerts["tracklet"].str.startswith(prefix)]
        content = requests.post(url, json=given, timeout=30).content
        rows = read(content, "json")
        assert set(rows["d:alert_id"]) == set(expected["alert_id"])
        assert len(rows) == len(expected)
        asked = f"{url}?{urlencode(given)}"
        assert list(pd.read_json(asked)["i:candid"]) == list(rows["i:candid"])
        for form in ("json", "csv", "parquet", "votable"):
            file = tmp_path / f"answer.{form}"
            body = json.dumps({**given, "output-format": form})
            head = ["-H", "Content-Type: application/json", "-X", "POST", "-d", body]
            subprocess.run(["curl", "-sf", *head, url, "-o", str(file)], check=True, timeout=30)
            assert file.read_bytes() == ask(night, **given, output_format=form).content
            assert_same(rows, read(file.read_bytes(), form))
    truth = pd.read_parquet(simulated.truth).set_index("alert_id")
    assert truth.loc[rows["d:alert_id"], "tracklet_id"].nunique() == 1


def read(content: bytes, form: str) -> pd.DataFrame:
    """An answer as its reader has it."""
    file = io.BytesIO(content)
    if form == "votable":
        return Table.read(file, format="votable", use_names_over_ids=True).to_pandas()
    exact = {"json": {"precise_float": True}, "csv": {"float_precision": "round_trip"}}
    return getattr(pd, f"read_{form}")(file, **exact.get(form, {}))


def assert_same(rows: pd.DataFrame, other: pd.DataFrame) -> None:
    """The same columns and values, as far as a format can tell them."""
    assert list(other) == list(rows)
    for name in ("i:candid", "d:tracklet", "i:ra", "v:constellation", "v:lastdate", "i:isdiffpos"):
        assert list(other[name]) == list(rows[name]), name
    magnitudes = (frame["i:magpsf"].astype(np.float32) for frame in (other, rows))
    assert all(pair[0] == pair[1] for pair in zip(*magnitudes, strict=True))


def test_the_values_are_those_of_the_packets(sample):
    rows = ask(sample, id=NAME).json()
    packets = {p["candid"]: p for p in pq.read_table(SAMPLE).to_pylist()}
    assert len({row["i:candid"] for row in rows}) == 15
    for row in rows:
        packet = packets[row["i:candid"]]
        assert row["i:objectId"] == packet["objectId"]
        for name in ("ra", "dec", "jd", "fid", "rcid", "isdiffpos"):
            assert row[f"i:{name}"] == packet["candidate"][name], name
        for name in ("magpsf", "sigmapsf", "rb"):
            assert np.float32(row[f"i:{name}"]) == np.float32(packet["candidate"][name]), name
        assert row["v:lastdate"] == "2021-06-04 09:36:09.996"
        assert row["v:constellation"] == "Capricornus"
    along = [row["d:along_arcsec"] for row in rows]
    assert along == sorted(along)


def test_all_formats_hold_the_same(sample):
    rows = pd.DataFrame(ask(sample, id=NAME).json())
    for form in ("json", "csv", "parquet", "votable"):
        assert_same(rows, read(ask(sample, id=NAME, output_format=form).content, form))
    parquet = ask(sample, id=NAME, output_format="parquet").content
    assert pd.read_parquet(io.BytesIO(parquet))["i:magpsf"].dtype == np.float32
    votable = io.BytesIO(ask(sample, id=NAME, output_format="votable").content)
    fields = Table.read(votable, format="votable", use_names_over_ids=True)
    assert str(fields["d:length_arcsec"].unit) == "arcsec"


def test_curl_as_documented(sample, tmp_path):
    command = [
        "curl",
        "-s",
        "-H",
        "Content-Type: application/json",
        "-X",
        "POST",
        "-d",
        '{"date":"2021-06-04", "output-format":"csv"}',
        f"{sample}/api/v1/tracklet",
        "-o",
        str(tmp_path / "trck.csv"),
    ]
    subprocess.run(command, check=True, timeout=30)
    assert len(pd.read_csv(tmp_path / "trck.csv")) == 15


def test_without_arguments_it_says_what_they_are(sample):
    for answer in (ask(sample), requests.post(f"{sample}/api/v1/tracklet", json={}, timeout=30)):
        assert [given["name"] for given in answer.json()["args"]] == list(ARGUMENTS)


def test_nothing_found_is_an_empty_list(sample):
    for given in ({"date": "2020-01-01"}, {"id": "TRCK_20210604_093609_01"}):
        answer = ask(sample, **given)
        assert (answer.status_code, answer.json()) == (200, [])
        for form in ("csv", "parquet", "votable"):
            assert ask(sample, **given, output_format=form).status_code == 200
        assert ask(sample, **given, columns="i:nothing").status_code == 400


def test_columns(sample):
    answer = ask(sample, id=NAME, columns="i:objectId, v:lastdate,d:tracklet")
    assert list(answer.json()[0]) == ["i:objectId", "v:lastdate", "d:tracklet"]
    assert "'objectId'" in sentence(ask(sample, id=NAME, columns="objectId"))
    assert len(ask(sample, id=NAME, columns="*").json()[0]) > 50


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"date": "2021-13-01"}, "YYYY-MM-DD hh:mm:ss NN"),
        ({"date": "2021-02-29"}, "YYYY-MM-DD hh"),
        ({"date": "2021-10-22 93"}, "YYYY-MM-DD hh"),
        ({"date": "2021-10-22 25"}, "YYYY-MM-DD hh"),
        ({"date": "yesterday"}, "YYYY-MM-DD"),
        ({"date": "\uff12021-10-22"}, "YYYY-MM-DD"),
        ({"date": "0000-10-22"}, "YYYY-MM-DD"),
        ({"date": ""}, "YYYY-MM-DD"),
        ({"id": ""}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"id": "TRCK_20211399"}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"id": "TRCK_20211022_999999_00"}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"id": "ZTF21abebfge"}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"id": "TRCK_20211022_091949_" + "9" * 400}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"date": "2021-10-22", "id": "here"}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"columns": "*"}, "either date or id"),
        ({"date": "2021-10-22", "output-format": "xml"}, "json, csv, parquet or votable"),
        ({"date": "2021-10-22", "columns": ""}, "i:objectId"),
        ({"date": "2021-10-22", "columns": "i:ra,i:ra"}, "once"),
        ({"date": "2021-10-22", "after": "here"}, "TRCK_YYYYMMDD_hhmmss_NN"),
        ({"dates": "2021-10-22"}, "date, id, columns, output-format, after"),
    ],
    ids=str,
)
def test_wrong_arguments_get_a_sentence(sample, given, says):
    for answer in (
        requests.get(f"{sample}/api/v1/tracklet", params=given, timeout=30),
        requests.post(f"{sample}/api/v1/tracklet", json=given, timeout=30),
    ):
        assert answer.status_code == 400
        assert says in sentence(answer)
        assert sentence(answer).endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "T",
        "TRCK",
        "TRCK_",
        "TRCK_2",
        "TRCK_20211",
        "TRCK_2021022",
        "TRCK_20211022_",
        "TRCK_20211022_2",
        "TRCK_20211022_0919",
        "TRCK_20211022_091949",
        "TRCK_20211022_091949_",
        "TRCK_20211022_091949_0",
    ],
)
def test_each_prefix_of_a_name_is_an_id(text):
    assert parse_id(text).prefix.startswith(text)


def test_a_date_in_two_nights_newest_first(made):
    found = names(ask(made, date="2021-10-22"))
    assert found == [
        "TRCK_20211022_210000_00",  # of the night 20211022
        "TRCK_20211022_150000_00",
        "TRCK_20211022_090000_00",  # of the night 20211021
        "TRCK_20211022_030000_00",
    ]
    everything = names(ask(made, id="TRCK_"))
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 12


def test_pages_of_rows_hold_whole_tracklets(tmp_path):
    write_store(tmp_path, "20211021", nights=2, tracklets=4, alerts=3)
    with serving(tmp_path, row_limit=7) as address:
        url, seen = f"{address}/api/v1/tracklet?id=TRCK_2021&columns=d:tracklet", []
        while url:
            answer = requests.get(url, timeout=30)
            assert answer.headers["X-Total-Count"] == "24"
            rows = [row["d:tracklet"] for row in answer.json()]
            assert len(rows) <= 7
            assert all(rows.count(name) == 3 for name in rows)
            seen += rows
            rest = answer.links.get("next", {}).get("url")
            url = rest and requests.compat.urljoin(url, rest)
        assert len(seen) == 24
        assert seen == sorted(seen, reverse=True)
    with serving(tmp_path, row_limit=2) as address:
        assert len(ask(address, id="TRCK_2021").json()) == 3


def test_a_new_night_is_seen_at_once(tmp_path):
    write_night(tmp_path, "20211021", 2, 3)
    with serving(tmp_path) as address:
        assert len(ask(address, id="TRCK_").json()) == 6
        write_night(tmp_path, "20211022", 2, 3)
        assert len(ask(address, id="TRCK_").json()) == 12


def test_an_empty_store_and_a_damaged_one(tmp_path):
    with serving(tmp_path) as address:
        assert ask(address, date="2021-10-22").json() == []
        write_night(tmp_path, "20211022", 2, 3)
        write_night(tmp_path, "20220101", 2, 3)
        (gone,) = (tmp_path / "tracklet_alerts" / "night=20211022").iterdir()
        gone.unlink()
        answer = ask(address, date="2021-10-22")
        assert answer.status_code == 503
        assert gone.name in sentence(answer)
        for name in ("20211022", "20211399"):  # the second is no night
            (tmp_path / "manifests" / f"{name}.json").write_text("{")
        assert ask(address, date="2021-10-22").status_code == 503
        assert len(ask(address, date="2022-01-01").json()) == 3


def test_the_service_does_not_import_spark(made, tmp_path):
    code = (
        "import sys; from fink_tracklets.service import app; "
        "from fink_tracklets.service.reading import hbase; "
        "from fink_tracklets.service.reading.parquet import ParquetReader; "
        "from fink_tracklets.service.settings import load_service; "
        f"app.make_app(ParquetReader({str(tmp_path)!r}, 1 << 20, 1.0), load_service()); "
        "print([m for m in sys.modules if m.startswith(('pyspark', 'py4j'))])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert run.stdout.strip() == "[]", run.stdout + run.stderr


def test_the_command(tmp_path):
    write_night(Path(tmp_path), "20211022", 2, 3)
    command = [sys.executable, "-m", "fink_tracklets", "serve", "--store", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            address = process.stderr.readline().strip().rstrip("/")
            assert len(ask(address, date="2021-10-22").json()) == 3
            line = json.loads(process.stdout.readline())
            assert (line["path"], line["status"]) == ("/api/v1/tracklet", 200)
            metrics = requests.get(f"{address}/metrics", timeout=30).text
            route = 'route="/api/v1/tracklet",status="200"'
            assert f"fink_tracklets_requests_total{{{route}}} 1.0" in metrics
        finally:
            process.terminate()
    wrong = subprocess.run(
        [*command, "--hbase", "x:1"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert wrong.returncode == 2
    assert "either --store DIR or --hbase" in wrong.stderr
