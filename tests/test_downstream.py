"""Tracklet names beside alerts, as the broker joins them, in Spark and in pandas."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from fink_tracklets import with_tracklets, without_tracklets
from fink_tracklets.errors import UserError
from fink_tracklets.pipeline.run import run_night
from tests.conftest import SAMPLE

NIGHT = "20210604"
NAME = "TRCK_20210604_093609_00"


@pytest.fixture(scope="module")
def store(data, spark, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("store"))
    run_night(NIGHT, str(SAMPLE), folder)
    return folder


@pytest.fixture(params=["spark", "pandas"])
def alerts(request, data, spark):
    """The real packets, twice the first one and once with an id that is null."""
    packets = spark.read.parquet(str(SAMPLE)).drop("prv_candidates")
    first = packets.orderBy(F.desc("objectId")).limit(1)
    lost = first.withColumn("candid", F.lit(None).cast("bigint"))
    packets = packets.unionByName(first).unionByName(lost)
    if request.param == "spark":
        return packets
    frame = packets.withColumn("candid", F.col("candid").cast("string")).toPandas()
    ids = [None if text is None else int(text) for text in frame["candid"]]
    return frame.assign(candid=pd.array(ids, dtype="Int64"))


def rows(frame) -> pd.DataFrame:
    return frame if isinstance(frame, pd.DataFrame) else frame.toPandas()


FLOATS = ["float64", "Float64", "object of floats", "spark"]


@pytest.mark.parametrize("how", FLOATS)
def test_ids_that_became_floats_are_a_sentence(how, store, spark):
    packets = pq.read_table(SAMPLE, columns=["candid"]).to_pandas()
    if how == "spark":
        alerts = spark.createDataFrame(packets).selectExpr("double(candid) AS candid")
    elif how == "object of floats":
        alerts = pd.DataFrame(
            {"candid": pd.Series([float(c) for c in packets["candid"]], dtype=object)}
        )
    else:
        alerts = packets.astype({"candid": how})
    with pytest.raises(UserError, match=r"candid .* ids have lost digits .* integers"):
        with_tracklets(alerts, store, NIGHT)


def test_ids_as_text_with_gaps_and_blanks_are_read(store):
    ids = [str(c) for c in pq.read_table(SAMPLE)["candid"].to_pylist()]
    alerts = pd.DataFrame({"candid": [*ids, None, "", f" {ids[0]} ", "9" * 19]})
    found = with_tracklets(alerts, store, NIGHT)["tracklet"]
    assert found[: len(ids)].notna().sum() == 15
    assert found[len(ids) : len(ids) + 2].isna().all()
    with pytest.raises(UserError, match=r"'1\.2e18', which is not an alert's id"):
        with_tracklets(pd.DataFrame({"candid": ["1.2e18"]}), store, NIGHT)


def test_every_row_stays_and_none_is_multiplied(alerts, store):
    named = with_tracklets(alerts, store, NIGHT)
    assert list(named.columns) == [*alerts.columns, "tracklet"]
    frame = rows(named)
    assert len(frame) == 18
    assert frame["tracklet"].value_counts().to_dict() == {NAME: 16}
    assert frame.loc[frame["tracklet"].isna(), "candid"].isna().sum() == 1
    assert sorted(frame["candid"].dropna()) == sorted(rows(alerts)["candid"].dropna())


def test_a_tracklet_column_is_replaced(alerts, store):
    old = (
        alerts.assign(tracklet="TRCK_old")
        if isinstance(alerts, pd.DataFrame)
        else alerts.withColumn("tracklet", F.lit("TRCK_old"))
    )
    frame = rows(with_tracklets(old, store, NIGHT))
    assert frame["tracklet"].value_counts().to_dict() == {NAME: 16}
    assert list(frame.columns).count("tracklet") == 1


def test_without_tracklets(alerts, store):
    rest = without_tracklets(alerts, store, NIGHT)
    assert list(rest.columns) == list(alerts.columns)
    assert (
        sorted(rows(rest)["objectId"]) == ["ZTF21abdvylm", "ZTF21abebfgb"] or len(rows(rest)) == 2
    )


def test_mistakes(alerts, store):
    with pytest.raises(UserError, match="has no night 20210605"):
        with_tracklets(alerts, store, "20210605")
    without_id = alerts[[name for name in alerts.columns if name != "candid"]]
    with pytest.raises(UserError, match="The alerts have no column candid"):
        with_tracklets(without_id, store, NIGHT)


def test_ids_of_digits(data, spark, store):
    packets = pq.read_table(SAMPLE, columns=["candid"]).to_pandas().astype(str)
    assert with_tracklets(packets, store, NIGHT)["tracklet"].count() == 15
    assert with_tracklets(spark.createDataFrame(packets), store, NIGHT).dropna().count() == 15
