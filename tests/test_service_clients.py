"""What people's clients ask of the broker's call, and what web pages elsewhere may read."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
import requests
from astropy.io.votable import validate
from astropy.io.votable.ucd import parse_ucd
from astropy.table import Table

from fink_tracklets.errors import UserError
from fink_tracklets.service.reading.classification import classifications
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.service.settings import ServiceSettings
from fink_tracklets.service.wanted import parse_date, parse_id
from fink_tracklets.survey.config import build
from fink_tracklets.tables.ucds import OURS, SENT
from tests.serving import ask, serving
from tests.stores import write_store

NAME = "TRCK_20211022_090000_00"
SCIENCE = ["d:cdsxmatch", "d:roid", "d:mulens", "d:snn_snia_vs_nonia", "d:snn_sn_vs_all"]
SCIENCE += ["d:rf_snia_vs_nonia", "d:rf_kn_vs_nonkn"]


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("2021", "2021"),
        ("2021-", "2021"),
        ("2021-06", "202106"),
        ("202106", "202106"),
        ("20210604", "20210604"),
        ("2021-6-4", "20210604"),
        ("2021-06-4", "20210604"),
        ("2021-1", "20211"),
        ("2021-1-5", "20210105"),
        ("2021-06-04 09:3", "20210604_093"),
        ("2021-06-04 9:36", "20210604_0936"),
        ("2021-06-04T09:36:09Z", "20210604_093609_"),
        ("2021-06-04T09:36:09.996Z", "20210604_093609_"),
        ("2021-06-04T09:36:09+00:00", "20210604_093609_"),
        ("2021-06-04 09:36:09.996 00", "20210604_093609_00"),
        ("2021-06-04 09:36:09 0", "20210604_093609_0"),
        ("20210604 093609", "20210604_093609_"),
        ("  2021-06-04 09  ", "20210604_09"),
    ],
)
def test_how_a_date_begins_is_asked_for(text, prefix):
    assert parse_date(text).prefix == f"TRCK_{prefix}"
    assert parse_id(text) == parse_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "2021-13",
        "2021-06-31",
        "202113",
        "2021-06-04 25",
        "2021-06-04 09:60",
        "2021-06-04 09:36 00",
        "2021-06-04 09:36:09 00 00",
        "202106 09",
        "2021/06/04",
        "06-04-2021",
        "-",
        "T",
        " ",
        "x",
    ],
)
def test_what_is_no_date_is_refused_with_a_sentence(text):
    if text != "T":  # how a name begins
        with pytest.raises(Refusal, match="is not a date: write YYYY-MM-DD"):
            parse_date(text)


def test_a_month_answers_all_its_tracklets(made):
    month = ask(made, date="2021-10").json()
    assert len(month) == 36
    assert ask(made, date="202110").json() == ask(made, id="TRCK_202110").json() == month


def test_an_id_wins_over_a_date(made):
    assert ask(made, id=NAME, date="2020-01-01").json() == ask(made, id=NAME).json()
    assert ask(made, id=NAME, date="nonsense").status_code == 200


def test_a_row_key_answers_its_row(made):
    rows = ask(made, id=NAME).json()
    for row in rows:
        answer = ask(made, id=f"{NAME}_{row['i:objectId']}")
        assert answer.json() == [row]
        assert answer.headers["X-Total-Count"] == "1"
    assert ask(made, id=f"{NAME}_ZTF").json() == rows
    assert ask(made, id=f"{NAME}_nobody").json() == []


@pytest.mark.parametrize("form", ["JSON", "Csv", "PARQUET", "VOTable", " json "])
def test_the_case_of_a_format_does_not_matter(made, form):
    plain = ask(made, id=NAME, output_format=form.strip().lower())
    assert ask(made, id=NAME, output_format=form).content == plain.content


def test_the_broker_s_science_columns_are_null_where_a_night_has_none(made):
    wanted = ["i:objectId", "v:classification", "v:firstdate", "v:lapse", *SCIENCE]
    rows = ask(made, id=NAME, columns=",".join(wanted)).json()
    assert list(rows[0]) == wanted
    assert all(row[name] is None for row in rows for name in SCIENCE)
    assert {row["v:classification"] for row in rows} == {"Tracklet"}
    content = ask(made, id=NAME, columns=",".join(SCIENCE), output_format="parquet").content
    types = pa.parquet.read_schema(pa.BufferReader(content)).types
    assert types == [pa.string(), pa.int32(), *[pa.float64()] * 5]
    assert ask(made, id=NAME, columns="d:unheard_of").status_code == 400


@pytest.mark.parametrize(
    ("science", "expected"),
    [
        ({}, "Tracklet"),
        ({"d:cdsxmatch": "Unknown", "d:roid": 2}, "Tracklet"),
        ({"d:cdsxmatch": "Star"}, "Star"),
        ({"d:cdsxmatch": "Fail 504"}, "Tracklet"),
        ({"d:cdsxmatch": "Galaxy"}, "Tracklet"),
        ({"d:cdsxmatch": "Unknown", "d:roid": 3}, "Solar System MPC"),
        ({"d:roid": 2, "d:mulens": 0.7}, "Ambiguous"),
        ({"d:cdsxmatch": "Unknown", "d:roid": 2, "d:snn_sn_vs_all": 0.9}, "Ambiguous"),
        ({"d:cdsxmatch": "Star", "d:roid": 2, "d:snn_sn_vs_all": 0.9}, "Star"),
        ({"d:cdsxmatch": "Unknown", "d:snn_sn_vs_all": 0.9}, "Tracklet"),
    ],
)
def test_the_class_is_that_of_the_broker_s_rule(science, expected):
    likely = {"i:jd": 2459370.0, "i:jdstarthist": 2459360.0, "i:drb": 0.9, "i:classtar": 0.9}
    columns = {n: pa.chunked_array([pa.array([v])]) for n, v in {**likely, **science}.items()}
    columns["i:ndethist"] = pa.chunked_array([pa.array([2], pa.int32())])
    assert classifications(columns, 1) == [expected]


def test_a_votable_s_columns_have_their_names(made):
    content = ask(made, id=NAME, output_format="votable").content
    found = Table.read(io.BytesIO(content), format="votable")
    assert {"i_candid", "d_tracklet", "v_lastdate"} <= set(found.colnames)
    assert "c0" not in found.colnames
    named = Table.read(io.BytesIO(content), format="votable", use_names_over_ids=True)
    assert [name.replace(":", "_") for name in named.colnames] == found.colnames
    assert str(found["i_magpsf"].unit) == "mag"
    assert str(found["i_ra"].unit) == str(found["d_ra_start"].unit) == "deg"
    assert found["i_ra"].meta["ucd"] == "pos.eq.ra;meta.main"
    said = io.StringIO()
    assert validate(io.BytesIO(content), output=said, xmllint=False), said.getvalue()


@pytest.mark.parametrize("ucd", sorted({*OURS.values(), *(ucd for _, ucd in SENT.values())}))
def test_ucds_are_of_the_ivoa_s_vocabulary(ucd):
    assert parse_ucd(ucd, check_controlled_vocabulary=True)


def test_any_page_may_read(made):
    url, origin = f"{made}/api/v1/tracklet", {"Origin": "https://aladin.example"}
    for answer in (
        requests.get(url, params={"id": NAME}, headers=origin, timeout=30),
        requests.post(url, json={"id": NAME}, headers=origin, timeout=30),
        requests.get(f"{made}/api/v1/nights", headers=origin, timeout=30),
    ):
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Link" in answer.headers["Access-Control-Expose-Headers"]
    wanted = {"Access-Control-Request-Method": "POST", **origin}
    wanted["Access-Control-Request-Headers"] = "content-type"
    asked = requests.options(url, headers=wanted, timeout=30)
    assert asked.status_code == 200
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    plain = requests.options(url, timeout=30)
    assert plain.status_code == 204
    assert plain.headers["Allow"] == "GET, POST, OPTIONS"
    assert requests.put(url, timeout=30).status_code == 405


def test_who_may_read_is_settable(tmp_path):
    write_store(tmp_path, "20211021", nights=1, tracklets=1, alerts=3)
    with serving(tmp_path, allowed_origins=("https://portal.example",)) as address:
        for origin, allowed in (("https://portal.example", True), ("https://else.example", False)):
            url, head = f"{address}/api/v1/nights", {"Origin": origin}
            answer = requests.get(url, headers=head, timeout=30)
            assert answer.headers.get("Access-Control-Allow-Origin") == (
                origin if allowed else None
            )


def test_an_origin_is_checked():
    settings = {"host": "h", "port": 1, "row_limit": 1, "body_limit_bytes": 1, "cache_mb": 1}
    settings |= {"refresh_s": 1.0, "root_path": "", "trusted_proxies": ""}
    assert build(ServiceSettings, settings, "service.toml").allowed_origins == ("*",)
    with pytest.raises(UserError, match=r"service\.toml: allowed_origins"):
        build(ServiceSettings, settings | {"allowed_origins": ["portal"]}, "service.toml")


def test_long_ids_are_texts_too(made):
    found = requests.get(f"{made}/api/v1/tracklets/{NAME}", timeout=30).json()
    for point in found["points"]:
        assert point["alert_id"] > 2**53
        assert point["alert_id_text"] == str(point["alert_id"])
        assert point["candid_text"] == str(point["candid"])
    assert "i:candid_text" not in ask(made, id=NAME).json()[0]


@pytest.mark.parametrize("ra", ["-32.38", "687.62", "327.62"])
def test_right_ascensions_of_the_cone_search_are_modulo_360(made, ra):
    def found(given: str) -> bytes:
        arguments = {"RA": given, "DEC": "0", "SR": "90"}
        answer = requests.get(f"{made}/api/v1/conesearch", params=arguments, timeout=30)
        assert answer.status_code == 200
        return answer.content

    assert found(ra) == found("327.62")
    assert b"<TR>" in found(ra)
