"""The catalogue, read back by astropy as those who get it read it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import ascii, fits, votable
from astropy.table import Table

from fink_tracklets import read_table
from fink_tracklets.cli import main
from tests.stores import write_store


@pytest.fixture(scope="module")
def catalogue(simulated_store, tmp_path_factory):
    out = tmp_path_factory.mktemp("catalogue")
    assert main(["export", "--store", simulated_store, "--out", str(out), "--quiet"]) == 0
    return out


@pytest.mark.parametrize("name", ["tracklets", "alerts"])
def test_all_forms_hold_the_night_s_rows(catalogue, simulated_store, name):
    ours = read_table(simulated_store, "tracklet_alerts" if name == "alerts" else name, "20211022")
    kept = pq.read_table(catalogue / f"{name}.parquet")
    pd.testing.assert_frame_equal(kept.select(ours.column_names).to_pandas(), ours.to_pandas())
    assert set(kept["night"].to_pylist()) == {"20211022"}
    table = Table.read(catalogue / f"{name}.fits", character_as_bytes=False)
    found = votable.parse_single_table(catalogue / f"{name}.vot").to_table()
    text = ascii.read(catalogue / f"{name}.dat", readme=str(catalogue / "ReadMe"), format="cds")
    for column in kept.column_names:
        values = kept[column].to_pandas()
        for form in (table[column], found[column], text[column]):
            assert len(form) == len(values)
            if pd.api.types.is_float_dtype(values.dtype):
                given = np.ma.filled(np.ma.asarray(form, float), np.nan)
                assert given == pytest.approx(values.to_numpy(), rel=1e-6, abs=1e-4, nan_ok=True)
    names = kept["tracklet"].to_pylist()
    assert list(table["tracklet"]) == list(found["tracklet"]) == list(text["tracklet"]) == names


def test_columns_have_units_ucds_and_descriptions(catalogue):
    document = votable.parse(catalogue / "tracklets.vot", verify="exception")
    (table,) = document.iter_tables()
    fields = {field.name: field for field in table.fields}
    assert fields["ra_start"].unit == "deg"
    assert fields["ra_start"].ucd == "pos.eq.ra"
    assert all(field.description for field in table.fields)
    header = fits.getheader(catalogue / "tracklets.fits", 1)
    at = list(fits.getdata(catalogue / "tracklets.fits", 1).names).index("ra_start") + 1
    assert (header[f"TUNIT{at}"], header[f"TUCD{at}"]) == ("deg", "pos.eq.ra")
    field = pq.read_schema(catalogue / "tracklets.parquet").field("ra_start")
    assert field.metadata[b"ucd"] == b"pos.eq.ra"


def test_the_readme_keeps_to_80_columns(catalogue):
    lines = (catalogue / "ReadMe").read_text().splitlines()
    assert max(map(len, lines)) <= 80


def test_nights_without_a_tracklet_are_one_sentence(tmp_path, capsys):
    write_store(tmp_path / "store", "20211021", nights=1, tracklets=0)
    out = str(tmp_path / "out")
    assert main(["export", "--store", str(tmp_path / "store"), "--out", out, "--quiet"]) == 2
    assert "nothing to publish" in capsys.readouterr().err
