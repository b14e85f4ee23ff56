"""The calls beyond the broker's, hostile requests, and a night replaced while it is read."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
from html import unescape
from urllib.parse import urlparse

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from PIL import Image

from fink_tracklets.service.app import make_app
from fink_tracklets.service.cone import to_arc
from fink_tracklets.service.reading import ParquetReader
from fink_tracklets.service.settings import load_service
from fink_tracklets.service.stamps import turned, unzipped
from fink_tracklets.sphere import unit_vectors
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.parquet import read_table
from fink_tracklets.tables import TABLES
from tests.conftest import SAMPLE
from tests.serving import serving
from tests.stores import defined, fits_file, later_tables, write_night, write_store

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


def get(url: str, **query: object) -> requests.Response:
    return requests.get(url, params=query, timeout=30)


def test_nights(made, made_store):
    nights = get(f"{made}/api/v1/nights").json()
    assert [night["night"] for night in nights] == ["20211023", "20211022", "20211021"]
    night = get(f"{made}/api/v1/nights/20211022").json()
    stored = read_table(made_store, "tracklets", "20211022")["tracklet"].to_pylist()
    assert [row["tracklet"] for row in night["tracklets"]] == stored
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


def test_stamps_are_those_of_the_packets(sample):
    packets = {p["candid"]: p for p in pq.read_table(SAMPLE).to_pylist()}
    alert = get(f"{sample}/api/v1/tracklets/{NAME}").json()["points"][3]["alert_id"]
    for kind in ("science", "template", "difference"):
        url = f"{sample}/api/v1/tracklets/{NAME}/stamps/{alert}/{kind}"
        content = get(f"{url}.fits").content
        assert content == unzipped(packets[alert][f"cutout{kind.capitalize()}"]["stampData"])
        pixels = fits.getdata(io.BytesIO(content))
        picture = np.asarray(Image.open(io.BytesIO(get(f"{url}.png").content)))
        assert picture.shape == pixels.shape
        brightest = np.unravel_index(np.nanargmax(pixels), pixels.shape)
        assert picture[brightest] == 255  # ZTF's x grows to the west, y to the south
    for path in (
        f"{alert}/other.png",
        f"{alert}/science.gif",
        "x/science.png",
        "9" * 40 + "/a.png",
    ):
        assert get(f"{sample}/api/v1/tracklets/{NAME}/stamps/{path}").status_code == 400
    assert get(f"{sample}/api/v1/tracklets/{NAME}/stamps/1/science.png").status_code == 404


def test_stamps_of_other_candidates_come_from_the_packets(tmp_path):
    """The table `stamps` has those of members only; --alerts has all of the night."""
    night, name = "20211103", "TRCK_20211104_000000_00"
    store, lake = tmp_path / "store", tmp_path / "lake" / "2021" / "11" / "3"
    write_night(store, night, 1, 6)
    members = read_table(store, "tracklet_alerts", night).to_pylist()
    ours = {column: [row.get(column) for row in members] for column in TABLES["candidates"].names}
    lone = {**members[0], "alert_id": 77, "tracklet": None}
    elsewhere = {**lone, "alert_id": 78, "exposure": "another"}
    rows = [{c: row.get(c) for c in ours} for row in (*members, lone, elsewhere)]
    candidates = defined("candidates", {c: [row[c] for row in rows] for c in ours})
    stamp = {kind: fits_file(k) for k, kind in enumerate(("science", "template", "difference"))}
    kept = defined("stamps", {"tracklet": [name], "alert_id": [members[0]["alert_id"]],
                              "science": [stamp["science"]]})  # fmt: skip
    amend_night(str(store), night, {"candidates": candidates, "stamps": kept}, {})
    lake.mkdir(parents=True)
    ids = [members[0]["alert_id"], 5, 77, 78]
    packets = {f"cutout{kind.capitalize()}": [{"stampData": content}] * 4
               for kind, content in stamp.items()}  # fmt: skip
    pq.write_table(pa.table({"candid": ids, **packets}), lake / "alerts.parquet", row_group_size=1)
    folder = f"api/v1/tracklets/{name}/stamps"
    with serving(store, f"{tmp_path}/lake/{{Y}}/{{m}}/{{d}}") as address:
        for alert in (members[0]["alert_id"], 77):
            for kind, content in stamp.items():
                assert get(f"{address}/{folder}/{alert}/{kind}.fits").content == content
            assert get(f"{address}/{folder}/{alert}/science.png").status_code == 200
        assert f'href="/{folder}/77/difference.png"' in get(f"{address}/tracklet/{name}").text
        for alert, says in (
            (78, "has no candidate 78"),
            (5, "has no candidate 5"),
            (members[1]["alert_id"], "nor do the packets of --alerts"),
        ):
            answer = get(f"{address}/{folder}/{alert}/science.fits")
            assert answer.status_code == 404
            assert says in answer.json()["text"]
    with serving(store) as address:
        answer = get(f"{address}/{folder}/77/science.fits")
        assert answer.status_code == 404
        assert "runs without --alerts" in answer.json()["text"]


@pytest.mark.parametrize(
    ("axes", "north", "east"),
    [
        ((-1, 0, 0, 1), (2, 1), (1, 0)),  # x grows to the west, y to the north
        ((-1, 0, 0, -1), (0, 1), (1, 0)),  # x to the west, y to the south, as ZTF's
        ((1, 0, 0, -1), (0, 1), (1, 2)),
        ((0, 1, -1, 0), (1, 2), (0, 1)),  # x to the north, y to the west
        ((0.3, -1, 1, 0.3), (1, 0), (2, 1)),
        (None, (2, 1), None),
    ],
)
def test_stamps_are_turned_north_up_and_east_left(axes, north, east):
    image = np.zeros((3, 3), np.float32)
    image[north] = 1
    if east:
        image[east] = 2
    picture = turned(image, axes)
    assert picture[0, 1] == 1
    assert picture[1, 0] == (2 if east else 0)


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
    for ra, dec in (("x", 0), (0, 91), (0, "nan"), ("9" * 99, 0), ("", 0), (None, 0)):
        answer = get(f"{made}/api/v1/conesearch", RA=ra, DEC=dec, SR=1)
        assert answer.status_code == 400
        assert 'value="ERROR"' in answer.text


def test_distance_from_an_arc_equals_that_of_its_nearest_point():
    random = np.random.default_rng(1)
    start = unit_vectors(random.uniform(0, 360, 30), random.uniform(-80, 80, 30))
    end = start + random.normal(0, 0.02, start.shape)
    end /= np.linalg.norm(end, axis=1, keepdims=True)
    for point in start[:10] + random.normal(0, 0.02, (10, 3)):
        point /= np.linalg.norm(point)
        share = np.linspace(0, 1, 20_001)[:, None, None]
        along = start + share * (end - start)
        along /= np.linalg.norm(along, axis=2, keepdims=True)
        plain = np.degrees(2 * np.arcsin(np.linalg.norm(along - point, axis=2).min(axis=0) / 2))
        np.testing.assert_allclose(to_arc(point, start, end), plain, atol=1e-4)


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
        b"x" * 10_000_000, b"[" * 50_000, b"{", b"[]", b"1", b'{"date": 20211022}', b"\xff\xfe",
        b'{"date": null}', b'{"date": "2021-10-22", "date": "2021-10-23"}', b'{"date": NaN}',
        json.dumps({"date": "2021-10-22\0"}).encode(), b'{"date": "\\ud800"}', b'{"\\ud800": "x"}',
        json.dumps({f"k{k}": "v" for k in range(1000)}).encode(),
    ]  # fmt: skip
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
            assert "/tracklets/static/style-2.css" in seen
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


def test_a_night_replaced_while_it_is_read_is_old_or_new(tmp_path):
    """Each state has one magnitude throughout and a number of alerts of its own."""
    night = "20211022"
    write_night(tmp_path, night, 4, 6)
    alerts = read_table(tmp_path, "tracklet_alerts", night)
    tracklets = read_table(tmp_path, "tracklets", night)
    defined = alerts.column_names.index("offset_arcsec") + 1
    states = {}
    for state, n in ((1.0, 6), (2.0, 4)):
        kept = alerts.select(range(defined)).filter(pc.less(alerts["along_arcsec"], 5.0 * n))
        level = pa.array(np.full(len(kept), state))
        kept = kept.set_column(kept.column_names.index("mag"), "mag", level)
        whole = tracklets.set_column(
            tracklets.column_names.index("mag_mean"), "mag_mean", pa.array(np.full(4, state))
        )
        whole = whole.set_column(
            whole.column_names.index("n_alerts"), "n_alerts", pa.array(np.full(4, n))
        )
        states[state] = ({"tracklet_alerts": kept, "tracklets": whole}, 4 * n)

    def replace(state: float) -> None:
        amend_night(str(tmp_path), night, states[state][0], {})

    known = {(state, rows // 4) for state, (_, rows) in states.items()}
    replace(1.0)
    done = threading.Event()
    wrong: list[str] = []
    seen: set[float] = set()

    def read(address: str) -> None:
        with requests.Session() as session:
            while not done.is_set():
                answer = session.get(f"{address}/api/v1/tracklet?id=TRCK_2021", timeout=30)
                rows = answer.json()
                found = {row["d:mag"] for row in rows} | {row["d:mag_mean"] for row in rows}
                total = answer.headers.get("X-Total-Count")
                if answer.status_code != 200 or len(found) != 1:
                    wrong.append(f"{answer.status_code} {found} {answer.text[:200]}")
                    continue
                (state,) = found
                seen.add(state)
                if not len(rows) == states[state][1] == int(total):
                    wrong.append(f"{state} {len(rows)} {total}")
                name = rows[0]["d:tracklet"]
                for path, told in (
                    (f"/api/v1/tracklets/{name}", told_of_tracklet),
                    (f"/tracklet/{name}", told_on_page),
                    (f"/api/v1/nights/{night}", told_of_night),
                    (f"/night/{night}", told_on_night_page),
                ):
                    answer = session.get(f"{address}{path}", timeout=30)
                    told_states = told(answer) if answer.status_code == 200 else set()
                    if len(told_states) != 1 or not told_states <= known:
                        wrong.append(f"{path} {answer.status_code} {told_states}")

    with serving(tmp_path) as address:
        readers = [threading.Thread(target=read, args=(address,)) for _ in range(4)]
        for reader in readers:
            reader.start()
        for k in range(120):
            replace(2.0 if k % 2 == 0 else 1.0)
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert seen == {1.0, 2.0}


def told_of_tracklet(answer: requests.Response) -> set[tuple[float, int]]:
    """Magnitudes with numbers of alerts: all that an answer says."""
    found = answer.json()
    points = {(point["mag"], len(found["points"])) for point in found["points"]}
    return points | {(found["tracklet"]["mag_mean"], found["tracklet"]["n_alerts"])}


def told_on_page(answer: requests.Response) -> set[tuple[float, int]]:
    chart = r"along the track: (\d+) points, magnitude in g ([\d.]+) to ([\d.]+)"
    ((points, faint, bright),) = re.findall(chart, answer.text)
    (said,) = re.findall(r"(\d+) alerts along \d", answer.text)
    rows = len(re.findall(r"<td>ZTF\d+</td>", answer.text))
    return {(float(mag), int(n)) for mag in (faint, bright) for n in (points, said, rows)}


def told_of_night(answer: requests.Response) -> set[tuple[float, int]]:
    found = answer.json()
    rows = {(row["mag_mean"], row["n_alerts"]) for row in found["tracklets"]}
    return rows | {(mag, found["rows"]["tracklet_alerts"] // 4) for mag, _ in rows}


def told_on_night_page(answer: requests.Response) -> set[tuple[float, int]]:
    rows = re.findall(r"<tr><td><a[^>]*>TRCK_.*?</tr>", answer.text)
    cells = [re.findall(r'data-value="([^"]*)"', row) for row in rows]
    assert len(rows) == 4
    (total,) = re.findall(r'in tracklets</th><td class="n">(\d+)<', answer.text)
    mags = {(float(cell[5]), int(cell[0])) for cell in cells}
    return mags | {(mag, int(total) // 4) for mag, _ in mags}


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
        amend_night(str(tmp_path), night, tables, {})
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
