"""Stamps: from the store, from the packets, as FITS and as pictures."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from PIL import Image

from fink_tracklets import read_table
from fink_tracklets.service.reading.stamps import unzipped
from fink_tracklets.service.rest.stamps import turned
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import open_night
from fink_tracklets.tables import TABLES
from tests.conftest import SAMPLE
from tests.serving import get, serving
from tests.stores import defined, fits_file, write_night

NAME = "TRCK_20210604_093609_00"


@pytest.fixture(scope="module")
def sample(stored):
    with serving(stored, str(SAMPLE)) as address:
        yield address


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
    kept = defined(
        "stamps",
        {"tracklet": [name], "alert_id": [members[0]["alert_id"]], "science": [stamp["science"]]},
    )
    amend_night(open_night(store, night), {"candidates": candidates, "stamps": kept})
    lake.mkdir(parents=True)
    ids = [members[0]["alert_id"], 5, 77, 78]
    packets = {
        f"cutout{kind.capitalize()}": [{"stampData": content}] * 4
        for kind, content in stamp.items()
    }
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
