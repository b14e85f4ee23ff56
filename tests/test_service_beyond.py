"""The calls beyond the broker's, hostile requests, addresses behind a proxy."""

from __future__ import annotations

import io
import json
import re
import socket
from html import unescape
from urllib.parse import urlparse

import pyarrow.parquet as pq
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.table import Table

from fink_tracklets import read_table
from fink_tracklets.service.app import make_app
from fink_tracklets.service.reading.parquet import ParquetReader
from fink_tracklets.service.reading.stamps import unzipped
from fink_tracklets.service.settings import load_service
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import open_night
from fink_tracklets.tables import TABLES
from tests.conftest import SAMPLE
from tests.serving import get, serving
from tests.stores import later_tables, write_night, write_store

NAME = "TRCK_20210604_093609_00"


@pytest.fixture(scope="module")
def sample(stored):
    with serving(stored, str(SAMPLE)) as address:
        yield address


@pytest.fixture(scope="module")
def made_store(tmp_path_factory):
    store = tmp_path_factory.mktemp("made")
    write_store(store, "20211021", nights=3, tracklets=4, alerts=6)
    return store


@pytest.fixture(scope="module")
def made(made_store):
    with serving(made_store) as address:
        yield address


def test_nights(made, made_store):
    nights = get(f"{made}/api/v1/nights").json()
    assert [night["night"] for night in nights] == ["20211023", "20211022", "20211021"]
    night = get(f"{made}/api/v1/nights/20211022").json()
    stored = read_table(made_store, "tracklets", "20211022")["tracklet"].to_pylist()
    assert [row["tracklet"] for row in night["tracklets"]] == stored
    assert night["short_tracks"] is None
    assert night["funnel"][0]["cut"] == "quality"
    assert get(f"{made}/api/v1/nights/20211024").status_code == 404
    assert get(f"{made}/api/v1/nights/today").status_code == 400


def test_one_tracklet(sample):
    found = get(f"{sample}/api/v1/tracklets/{NAME}").json()
    assert len(found["points"]) == 15
    assert found["night"] == "20210604"
    assert found["satellites"] is None
    curve = SkyCoord(found["curve"], unit="deg")
    for point in found["points"]:
        at = SkyCoord(point["ra"], point["dec"], unit="deg")
        assert at.separation(curve).arcsec.min() < 12  # half the spacing of the curve's points
    assert get(f"{sample}/api/v1/tracklets/TRCK_20210604_093609_01").status_code == 404


def test_without_stamps_the_answer_says_so(made):
    name = "TRCK_20211022_150000_00"
    alert = get(f"{made}/api/v1/tracklets/{name}").json()["points"][0]["alert_id"]
    answer = get(f"{made}/api/v1/tracklets/{name}/stamps/{alert}/science.png")
    assert answer.status_code == 404
    assert "--alerts" in answer.json()["text"]


def test_cone_search(made, made_store):
    row = read_table(made_store, "tracklets", "20211022").to_pylist()[1]
    ra, dec = (row["ra_start"] + row["ra_end"]) / 2, (row["dec_start"] + row["dec_end"]) / 2
    answer = get(f"{made}/api/v1/conesearch", RA=ra, DEC=dec, SR=0.01)
    found = Table.read(io.BytesIO(answer.content), format="votable", use_names_over_ids=True)
    assert list(found["tracklet"]) == [row["tracklet"]]
    assert found["ra"].info.meta["ucd"] == "POS_EQ_RA_MAIN"
    everything = get(f"{made}/api/v1/conesearch", RA=0, DEC=0, SR=180)
    assert len(Table.read(io.BytesIO(everything.content), format="votable")) == 12
    assert ">nan<" not in everything.text  # VOTable knows NaN alone; here it is null
    for ra, dec in (("x", 0), (0, 91), (0, "nan"), ("9" * 99, 0), ("", 0), (None, 0)):
        answer = get(f"{made}/api/v1/conesearch", RA=ra, DEC=dec, SR=1)
        assert answer.status_code == 400
        assert 'value="ERROR"' in answer.text


def test_hostile_requests_get_a_sentence(made):
    base = f"{made}/api/v1"
    answers = [
        get(f"{base}/tracklet", id="TRCK_../../../../etc/passwd"),
        get(f"{base}/tracklet", id="TRCK_20211022' OR '1'='1"),
        get(f"{base}/tracklet", id="TRCK_20211022\0"),
        get(f"{base}/tracklet", date="2021-10-22\0"),
        get(f"{base}/tracklet", date="9" * 5000),
        get(f"{base}/tracklet", id="TRCK_" + "9" * 5000),
        get(f"{base}/tracklet", id="TRCK_*"),
        get(f"{base}/tracklet", date="2021-10-22", columns=",".join(f"c{k}" for k in range(1000))),
        get(f"{base}/tracklet", date="2021-10-22", columns="i:ra," * 1000),
        get(f"{base}/tracklet", date=["2021-10-22", "2021-10-23"]),
        get(f"{base}/nights/..%2f..%2fetc%2fpasswd"),
        get(f"{base}/nights/99999999"),
        get(f"{base}/nights/%00"),
        get(f"{base}/tracklets/..%5c..%5cx"),
        get(f"{base}/satellites/-1"),
        get(f"{base}/satellites/{'9' * 500}"),
        get(f"{made}/static/..%2f..%2fpage.py"),
        get(f"{made}/night/%2e%2e"),
        get(f"{made}/search", q="<script>alert(1)</script>"),
        get(f"{made}/search", q="\0"),
    ]
    bodies = [
        b"x" * 10_000_000,
        b"[" * 50_000,
        b"{",
        b"[]",
        b"1",
        b'{"date": 20211022}',
        b"\xff\xfe",
        b'{"date": null}',
        b'{"date": "2021-10-22", "date": "2021-10-23"}',
        b'{"date": NaN}',
        json.dumps({"date": "2021-10-22\0"}).encode(),
        b'{"date": "\\ud800"}',
        b'{"\\ud800": "x"}',
        json.dumps({f"k{k}": "v" for k in range(1000)}).encode(),
    ]
    answers += [requests.post(f"{base}/tracklet", data=body, timeout=30) for body in bodies]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.request.url[:200]
        assert "<script>alert" not in answer.text
        if "/api/" in answer.request.url:
            assert answer.json()["text"].endswith("."), answer.text[:300]
    assert answers[20].status_code == 413


def test_a_body_without_an_end_is_refused(made):
    parts = urlparse(made)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as client:
        head = "POST /api/v1/tracklet HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode())
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        for _ in range(5):
            client.sendall(chunk)
        assert b" 413 " in client.recv(1000)


def test_pages_and_answers_are_compressed(made):
    answer = get(f"{made}/api/v1/tracklet", date="2021-10-22")
    assert answer.headers["Content-Encoding"] == "gzip"


def test_behind_a_proxy_all_links_have_its_path(made_store):
    """Whether the proxy takes the path off or not, following every link stays below it."""
    with serving(made_store, root_path="/tracklets", row_limit=1) as address:
        for passed_on in ("/tracklets", ""):
            start = f"{passed_on}/"
            seen, rest = {start}, [start]
            while rest:
                answer = get(f"{address}{rest.pop()}")
                assert answer.status_code == 200, answer.url
                if "text/html" not in answer.headers["Content-Type"]:
                    continue
                links = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', answer.text))
                assert links
                assert all(link.startswith("/tracklets/") for link in links), links
                found = {unescape(link) for link in links} - seen
                found = {link for link in found if not link.endswith("/search")}
                seen |= found
                rest += [passed_on + link.removeprefix("/tracklets") for link in found]
            assert "/tracklets/static/style-3.css" in seen
            assert len([link for link in seen if link.startswith("/tracklets/tracklet/")]) == 12
            answer = get(f"{address}{passed_on}/api/v1/tracklet", date="2021-10-22")
            following = answer.links["next"]["url"]
            assert following.startswith("/tracklets/api/v1/tracklet?")
            assert get(f"{address}{following}").json()[0]["d:tracklet"] != NAME
            for asked, led in (("search?q=20211022", "night/20211022"), ("satellites/", "")):
                answer = requests.get(
                    f"{address}{passed_on}/{asked}", allow_redirects=False, timeout=30
                )
                assert (
                    urlparse(answer.headers["Location"]).path == f"/tracklets/{led or asked[:-1]}"
                )
            servers = get(f"{address}{passed_on}/api/v1/openapi.json").json()["servers"]
            assert servers == [{"url": "/tracklets"}]


def test_no_answer_is_an_internal_error(made_store):
    """What schemathesis makes of the OpenAPI document is answered as it says."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    reader = ParquetReader(str(made_store), 1 << 20, 1.0)
    app = make_app(reader, load_service(), log=False)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    called = set()
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=25,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case):
            response = case.call()
            assert response.status_code < 500, case
            called.add((case.path, response.status_code))

        given(case=operation.as_strategy())(check)()
    assert ("/api/v1/tracklet", 400) in called
    assert len({path for path, _ in called}) >= 9


@pytest.mark.skipif("satellites" not in TABLES, reason="these tables are not defined")
@pytest.mark.skipif("light_curves" not in TABLES, reason="these tables are not defined")
def test_what_later_stages_found(tmp_path):
    """Satellites, light curve and stamps of one tracklet, in calls, page and search."""
    night, name = "20211022", "TRCK_20211022_150000_00"
    write_night(tmp_path, night, 4, 6)
    members = read_table(tmp_path, "tracklet_alerts", night).to_pylist()
    alert = next(row for row in members if row["tracklet"] == name)
    packet = pq.read_table(SAMPLE).to_pylist()[0] if SAMPLE.exists() else None
    stamp = packet["cutoutScience"]["stampData"] if packet else b"SIMPLE"
    tables = later_tables(name, alert, stamp)
    with serving(tmp_path) as address:
        assert get(f"{address}/api/v1/tracklets/{name}").json()["satellites"] is None
        amend_night(open_night(tmp_path, night), tables)
        known = get(f"{address}/api/v1/tracklets/{name}").json()
        assert [row["norad_cat_id"] for row in known["satellites"]] == [23314, 5]
        assert [row["time_s"] for row in known["light_curve"]] == [0.0, 1.5]
        assert known["flashes"]["period_s"] == 1.5
        assert known["stamps"] == [alert["alert_id"]]
        other = get(f"{address}/api/v1/tracklets/TRCK_20211022_210000_00").json()
        assert other["satellites"] == []
        url = f"{address}/api/v1/tracklets/{name}/stamps/{alert['alert_id']}/science.fits"
        assert get(url).content == unzipped(stamp)
        (best,) = get(f"{address}/api/v1/satellites").json()
        assert (best["norad_cat_id"], best["tracklets"], best["latest"]) == (23314, 1, name)
        (match,) = get(f"{address}/api/v1/satellites/5").json()
        assert (match["tracklet"], match["rank"]) == (name, 2)
        page = get(f"{address}/tracklet/{name}").text
        for text in ("THAICOM 2", "VANGUARD 1", "predicted path of THAICOM 2", "Light curve: 2"):
            assert text in page
        assert "THAICOM 2" in get(f"{address}/night/{night}").text
        assert "THAICOM 2" in get(f"{address}/satellites").text
        assert f'href="/night/{night}"' in get(f"{address}/satellite/5").text
        assert name in get(f"{address}/search", q="23314").text
        assert "/satellite/23314" in get(f"{address}/search", q="thaicom").text
