"""Values become the bytes that the broker's connector writes, and come back."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fink_tracklets.hbase.cells import decode, encode, encode_rows, text, type_name
from fink_tracklets.hbase.rows import row_keys

WIDTHS = {"short": ("h", pa.int16()), "integer": ("i", pa.int32()), "long": ("q", pa.int64())}

ZTF_KEY = "{object_id}_{jd}"


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True))))
def test_doubles_are_eight_bytes_big_endian(values):
    coded = encode(pa.array(values, pa.float64()))
    assert coded == [None if v is None else struct.pack(">d", v) for v in values]
    for value, cell in zip(values, coded, strict=True):
        if value is not None:
            back = decode(cell, "double")
            assert struct.pack(">d", back) == struct.pack(">d", value)


@given(st.lists(st.one_of(st.none(), st.floats(width=32))))
def test_floats_are_four_bytes_big_endian(values):
    coded = encode(pa.array(values, pa.float32()))
    assert coded == [None if v is None else struct.pack(">f", v) for v in values]


@pytest.mark.parametrize("name", WIDTHS)
def test_whole_numbers_are_big_endian(name):
    letter, given_type = WIDTHS[name]
    top = 2 ** (8 * struct.calcsize(letter) - 1)
    values = [0, 1, -1, top - 1, -top, None]
    coded = encode(pa.array(values, given_type))
    assert coded == [None if v is None else struct.pack(f">{letter}", v) for v in values]
    assert type_name(given_type) == name
    assert [decode(cell, name) for cell in coded if cell is not None] == values[:-1]


def test_a_slice_is_encoded_from_its_start():
    column = pa.array([1.0, None, 3.0, 4.0]).slice(1, 2)
    assert encode(column) == [None, struct.pack(">d", 3.0)]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        ("\u00e9\u4e2d", "\u00e9\u4e2d"),
        (datetime(2021, 6, 4, 9, 36, 9, 996480, UTC), "2021-06-04 09:36:09.99648"),
        (datetime(2021, 6, 4, 9, 36, 9, tzinfo=UTC), "2021-06-04 09:36:09"),
        ([1, 2, None], "[1, 2, null]"),
    ],
)
def test_everything_else_is_the_text_that_spark_makes(spark, value, written):
    assert text(value) == written
    frame = spark.createDataFrame([(value,)])
    assert frame.selectExpr("cast(_1 as string)").first()[0] == written


def test_a_null_is_no_cell_and_an_empty_text_is_one():
    table = pa.table({"key": ["a", "b"], "name": ["", None], "mag": [None, math.nan]})
    rows = dict(encode_rows(table, {"name": "i:name", "mag": "d:mag"}))
    assert rows == {b"a": {b"i:name": b""}, b"b": {b"d:mag": struct.pack(">d", math.nan)}}


def test_alert_keys_have_sparks_text_of_the_double(spark):
    days = [2459369.9001157, 2459370.0, 2458340.123456789, 2461000.1 + 1 / 3]
    table = pa.table(
        {
            "tracklet": ["T"] * 4,
            "object_id": ["ZTF1"] * 4,
            "alert_id": range(4),
            "jd": days,
        }
    )
    _, keys = row_keys(table, ZTF_KEY)
    texts = spark.createDataFrame([(day,) for day in days], "jd double")
    assert keys == [f"ZTF1_{row[0]}" for row in texts.selectExpr("cast(jd as string)").collect()]


def test_further_alerts_of_an_object_get_a_suffix_whatever_the_order():
    table = pa.table(
        {
            "tracklet": ["T", "T", "T", "U"],
            "object_id": ["Z", "Z", "Y", "Z"],
            "alert_id": [12, 11, 13, 14],
            "jd": [1.0] * 4,
        }
    )
    keys, _ = row_keys(table, ZTF_KEY)
    assert keys == ["T_Z_12", "T_Z", "T_Y", "U_Z"]
    backwards, _ = row_keys(table.take([3, 2, 1, 0]), ZTF_KEY)
    assert backwards == keys[::-1]
