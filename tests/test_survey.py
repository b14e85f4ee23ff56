"""A survey's file is validated, and its cuts do on real alerts what the paper meant."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest
from pyspark.sql import functions as F

from fink_tracklets import load_survey
from fink_tracklets.alerts.cuts import passed_cuts
from fink_tracklets.errors import UserError
from tests.conftest import ROOT

ZTF_TOML = (ROOT / "conf" / "ztf.toml").read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("min_points = 5", "min_points = 5\nmin_point = 5"), "unknown key 'finder.min_point'"),
        (("min_points = 5", 'min_points = "5"'), "the key 'finder.min_points' must be a whole"),
        (("min_points = 5", "min_points = true"), "'finder.min_points' must be a whole number"),
        (("min_points = 5", "min_points = 3"), "[finder] min_points must be at least 4"),
        (("field_area_deg2 = 47.0", ""), "the key 'field_area_deg2' is missing"),
        (("field_area_deg2 = 47.0", "field_area_deg2 = nan"), "must be a positive number"),
        (('scale = "utc"', 'scale = "tdb"'), "[time] scale must be one of utc, tai"),
        (("slope = -4.0, ", ""), "the cut 'outside stellar locus' uses 'slope'"),
        (('name = "ztf"', "name = ztf"), "not valid TOML"),
        (('"candidate.rb", ', '"candidate.rb", "d.rb", '), "two of the columns end in the same"),
        (('"candidate.ra", ', '"other.ra", '), "other.ra would hide our own ra"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path, change, sentence):
    file = tmp_path / "my.toml"
    assert change[0] in ZTF_TOML
    file.write_text(ZTF_TOML.replace(*change, 1))
    with pytest.raises(UserError, match=re.escape(str(file))) as error:
        load_survey(file)
    assert sentence in str(error.value)


def test_an_unknown_survey_is_told_the_known_ones():
    with pytest.raises(UserError, match=r"Unknown survey 'des'.*ztf"):
        load_survey("des")
    with pytest.raises(UserError, match=r"nowhere\.toml: cannot be read"):
        load_survey("nowhere.toml")


def test_the_operator_s_own_survey_comes_first(tmp_path, monkeypatch):
    own = ZTF_TOML.replace("min_points = 5", "min_points = 7")
    (tmp_path / "ztf.toml").write_text(own)
    (tmp_path / "atlas.toml").write_text(ZTF_TOML.replace('name = "ztf"', 'name = "atlas"'))
    (tmp_path / "hadoop.toml").write_text("timeout_s = 1.0")
    monkeypatch.setenv("FINK_TRACKLETS_CONF", str(tmp_path))
    assert load_survey("ztf").finder.min_points == 7
    assert load_survey("atlas").name == "atlas"
    assert load_survey("rubin").name == "rubin"
    with pytest.raises(UserError, match=r"give one of atlas, rubin, rubin_catalogue, ztf or"):
        load_survey("hadoop")
    (tmp_path / "ztf.toml").write_text(own.replace("min_points = 7", "min_points = 1"))
    with pytest.raises(UserError, match=re.escape(f"{tmp_path}/ztf.toml: [finder] min_points")):
        load_survey("ztf")


@pytest.fixture(scope="module")
def controls(data, spark):
    """Real alerts whose nature is known, as packets, with the number of cuts they pass."""
    frame = pd.read_parquet(data / "ztf_candidate_controls.parquet")
    packets = spark.createDataFrame(frame)
    fields = [name for name in packets.columns if name not in ("why", "objectId")]
    return packets.select("why", "objectId", F.struct(*fields).alias("candidate"))


def counts(controls, survey, why):
    """Alerts of a kind, and those of them that the last cut alone lets pass."""
    locus = dataclasses.replace(survey, cuts=survey.cuts[-1:])
    kind = controls.where(F.col("why").startswith(why))
    return kind.count(), kind.where(passed_cuts(locus) == 1).count()


def test_the_stellar_locus_has_the_operational_sign(controls, ztf):
    numbers = dict(ztf.cuts[-1].numbers)
    printed = dataclasses.replace(ztf.cuts[-1], numbers=numbers | {"slope": 4.0})
    listing = dataclasses.replace(ztf, cuts=(*ztf.cuts[:-1], printed))
    assert ztf.cuts[-1].name == "outside stellar locus"
    assert counts(controls, ztf, "repeating detection on") == (821, 18)
    assert counts(controls, listing, "repeating detection on") == (821, 428)

    inside_box = controls.where("candidate.distnr <= 2 AND candidate.magnr - candidate.magpsf <= 1")
    assert counts(inside_box, ztf, "known Solar System object") == (19, 18)
    assert counts(inside_box, listing, "known Solar System object") == (19, 2)


@pytest.mark.parametrize("nothing", [None, float("nan"), -999.0])
@pytest.mark.parametrize("field", ["magnr", "distnr"])
def test_no_reference_object_near_means_outside_the_locus(spark, ztf, field, nothing):
    locus = dataclasses.replace(ztf, cuts=ztf.cuts[-1:])
    star = {"magpsf": 19.0, "magnr": 15.0, "distnr": 0.3}
    schema = "candidate struct<magpsf float, magnr float, distnr float>"
    rows = spark.createDataFrame([(star,), (star | {field: nothing},)], schema)
    passed = [row[0] for row in rows.select(passed_cuts(locus)).collect()]
    assert passed == [0, 1]


def test_a_null_predicate_rejects_and_the_first_failure_counts(spark, ztf):
    two = dataclasses.replace(ztf, cuts=ztf.cuts[:2], locus=None)
    schema = "candidate struct<rb float, nbad int, ndethist int, isdiffpos string>"
    rows = [
        (None, 0, 1, "t"),
        (0.9, 0, 1, "t"),
        (0.9, 0, 1, "1"),
        (0.9, 0, 2, "t"),
        (0.5, 0, 1, "t"),
    ]
    frame = spark.createDataFrame([(row,) for row in rows], schema)
    assert [row[0] for row in frame.select(passed_cuts(two)).collect()] == [0, 2, 2, 1, 0]
