"""Element sets that are refused, each with its reason; what else files say of objects."""

from __future__ import annotations

import gzip
import json
import shutil

import numpy as np
import pytest
from astropy.time import Time

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.satellites.aliases import one_number_each
from fink_tracklets.satellites.element_files import read_file
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.epoch import days_since_1950
from tests.reading import read_manifest
from tests.test_satellites_elements import (
    OMM,
    VANGUARD,
    as_csv,
    as_json,
    as_kvn,
    as_xml,
    in_namespace,
    written,
)

NIGHT = "20210604"
LOGIN = '{"error": "You must be logged in to complete this action"}'


def of_type(letter: str) -> str:
    """Vanguard's lines with another ephemeris type, its checksum mended."""
    lines = VANGUARD.splitlines()
    body = lines[1][:62] + letter + lines[1][63:68]
    check = sum(int(c) if c.isdigit() else c == "-" for c in body) % 10
    return "\n".join([lines[0], f"{body}{check}", lines[2]]) + "\n"


def refused(tmp_path, text: str) -> tuple[str, str]:
    """Kind and sentence of the refusal of the one set before Vanguard's own."""
    (found,) = read_file(str(written(tmp_path, text))).unusable
    return found.kind, found.sentence


@pytest.mark.parametrize("letter", ["2", "4", "H"])
def test_a_tle_of_another_theory_is_refused(letter, tmp_path):
    kind, sentence = refused(tmp_path, of_type(letter) + VANGUARD)
    assert kind == "another theory"
    assert f"line 2: the ephemeris type is {letter}" in sentence


@pytest.mark.parametrize("letter", ["0", " "])
def test_a_tle_of_sgp4_is_read(letter, tmp_path):
    assert len(read_elements([written(tmp_path, of_type(letter))])) == 1


@pytest.mark.parametrize("form", [as_json, as_csv, as_xml, in_namespace, as_kvn])
@pytest.mark.parametrize(
    ("other", "kind", "why"),
    [
        ({"EPHEMERIS_TYPE": "4"}, "another theory", "EPHEMERIS_TYPE is 4, not 0"),
        ({"MEAN_ELEMENT_THEORY": "SGP4-XP"}, "another theory", "MEAN_ELEMENT_THEORY is SGP4-XP"),
        ({"MEAN_ELEMENT_THEORY": "DSST"}, "another theory", "MEAN_ELEMENT_THEORY is DSST"),
        ({"CENTER_NAME": "MARS"}, "another theory", "CENTER_NAME is MARS"),
        ({"TIME_SYSTEM": "TAI"}, "another theory", "TIME_SYSTEM is TAI"),
        ({"REF_FRAME": "ICRF"}, "another theory", "REF_FRAME is ICRF"),
        ({"MEAN_MOTION": "3456"}, "impossible orbit", "km below the ground"),
        ({"MEAN_MOTION": "16.9"}, "impossible orbit", "km below the ground"),
        ({"ECCENTRICITY": "1.1"}, "impossible orbit", "eccentricity 1.1 is impossible"),
        ({"INCLINATION": "200"}, "impossible orbit", "inclination 200"),
        ({"INCLINATION": "inf"}, "damaged", "INCLINATION is inf, not a number"),
        ({"MEAN_ANOMALY": "x"}, "damaged", "MEAN_ANOMALY is 'x', not a number"),
        ({"NORAD_CAT_ID": "1234567890"}, "damaged", "1234567890 is no catalogue number"),
        ({"NORAD_CAT_ID": "11.5"}, "damaged", "11.5 is no catalogue number"),
        ({"EPOCH": "2021-13-01T00:00:00"}, "damaged", "is not in the calendar"),
        ({"BSTAR": " "}, "incomplete", "it lacks BSTAR"),
    ],
)
def test_a_message_is_refused_with_its_reason(form, other, kind, why, tmp_path):
    whole = {"EPHEMERIS_TYPE": "0", "MEAN_ELEMENT_THEORY": "SGP4", "CENTER_NAME": "EARTH"}
    whole |= {"TIME_SYSTEM": "UTC", "REF_FRAME": "TEME", **OMM}
    file = read_file(str(written(tmp_path, form([whole | other, whole]))))
    (found,) = file.unusable
    assert len(file.sets) == 1
    assert found.kind == kind
    assert why in found.sentence


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-189T17:37:14", "2026-07-08T17:37:14"),
        ("2024-366T00:00:00.5Z", "2024-12-31T00:00:00.5"),
        ("2021-06-11 01:12:44", "2021-06-11T01:12:44"),
        ("2021-06-11T01:12:44.146944+00:00", "2021-06-11T01:12:44.146944"),
        ("2016-12-31T23:59:60.5", "2016-12-31T23:59:60.5"),
        ("2016-366T23:59:60.25", "2016-12-31T23:59:60.25"),
    ],
)
def test_epochs_are_those_of_astropy(text, iso):
    days = Time(iso, scale="utc").jd - 2433281.5
    assert days_since_1950(text) == pytest.approx(days, abs=2e-9)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-366T00:00:00", "2021-02-29T00:00:00", "0000-01-01T00:00:00"),
        *("2020-12-31T23:59:60", "2016-12-31T22:59:60", "2021-06-11T01:12:61"),
        *("2021-06-11T24:00:00", "2021-06-11", ""),
    ],
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="the epoch"):
        days_since_1950(text)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("No GP data found", "No GP data found"),
        (LOGIN, "You must be logged in"),
        ("<html><head><style>p {}</style></head><p>Error&nbsp;403</p></html>", "'Error 403'"),
        ("<!DOCTYPE html><title>Too many requests</title>", "'Too many requests'"),
    ],
)
def test_a_text_in_place_of_data_is_quoted(text, quoted, tmp_path):
    file = written(tmp_path, text)
    with pytest.raises(UserError) as error:
        read_elements([file])
    assert quoted in str(error.value)
    assert str(file) in str(error.value)


def test_of_several_files_the_good_ones_are_used(tmp_path):
    good, bad = written(tmp_path, VANGUARD), written(tmp_path, LOGIN, "login")
    found = read_elements([bad, good, tmp_path / "absent"])
    assert found.norad_cat_id.tolist() == [11]
    assert ["login" in found.failed[0], "absent" in found.failed[1]] == [True, True]


def test_a_bad_file_beside_a_good_one_costs_the_exit_code_only(stored, data, tmp_path, capsys):
    store = shutil.copytree(stored, tmp_path / "store")
    good, bad = data / "norad_20210611.3le.gz", written(tmp_path, "No GP data found", "bad")
    command = ["satellites", "--night", NIGHT, "--store", str(store), "--elements"]
    assert main([*command, str(bad), str(good)]) == 2
    said = capsys.readouterr()
    assert "No GP data found" in said.err
    assert "are identified with the other files and stored" in said.err
    assert "Traceback" not in said.err
    (match,) = read_table(store, "satellites", NIGHT).to_pylist()
    assert match["norad_cat_id"] == 23314
    record = read_manifest(store, NIGHT)["satellites"]["elements"]
    assert record["files_refused"][0].startswith(str(bad))
    assert record["aliases"]["47689"] == 47618


def test_the_manifest_has_every_refusal_and_the_terminal_five(stored, data, tmp_path, capsys):
    store = shutil.copytree(stored, tmp_path / "store")
    real = gzip.decompress((data / "norad_20210611.3le.gz").read_bytes()).decode()
    file = written(tmp_path, "".join(of_type(letter) for letter in "2244HHHH") + real)
    command = ["satellites", "--night", NIGHT, "--store", str(store), "--elements", str(file)]
    assert main(command) == 0
    assert capsys.readouterr().out.count("the ephemeris type is") == 5
    record = read_manifest(store, NIGHT)["satellites"]["elements"]
    assert record["sets_refused"] == {"another theory": 8}
    assert len(record["sets_refused_each"]) == 8


def test_an_equal_set_under_another_number_is_the_same_object(tmp_path):
    rows = [{**OMM, "NORAD_CAT_ID": n} for n in ("700000011", "11", "270011", "12")]
    rows[3]["MEAN_ANOMALY"] = "20"
    found = one_number_each(read_elements([written(tmp_path, as_json(rows))]))
    assert found.norad_cat_id.tolist() == [11, 12]
    assert found.aliases == {270011: 11, 700000011: 11}


def test_the_same_orbit_to_within_its_errors_is_the_same_object(tmp_path):
    """A day later and a little off: the same; half a degree ahead: another one."""
    plain = read_elements([written(tmp_path, as_json([OMM]))])
    day = {**OMM, "EPOCH": "2021-06-11T01:12:44.146944"}
    near = {**day, "NORAD_CAT_ID": "700000011", "MEAN_ANOMALY": "259.8546", "OBJECT_NAME": "TEMP"}
    far = {**day, "NORAD_CAT_ID": "700000012", "MEAN_ANOMALY": "260.3536"}
    lasting = {**near, "NORAD_CAT_ID": "12"}
    found = one_number_each(read_elements([written(tmp_path, as_json([day, near, far]))]))
    assert found.aliases == {700000011: 11}
    assert set(found.name) == {"VANGUARD 2"}
    assert found.norad_cat_id.tolist() == [11, 700000012]
    assert found.epoch_jd[0] == plain.epoch_jd[0]
    both = read_elements([written(tmp_path, as_json([day, lasting]))])
    assert one_number_each(both) is both


def test_the_real_catalogue_s_aliases_are_known_ones(data):
    """What was docked at the station, and debris that had been catalogued a week before."""
    found = one_number_each(read_elements([data / "norad_20210611.3le.gz"]))
    docked = dict.fromkeys((47689, 48159, 48209, 48831), 47618)
    assert found.aliases == docked | {87180: 48814, 87313: 48817, 87333: 48819, 87359: 48820}
    assert (np.diff(found.norad_cat_id) >= 0).all()


def test_a_certain_match_stays_certain_beside_its_alias(stored, data, tmp_path):
    store = shutil.copytree(stored, tmp_path / "store")
    lines = gzip.decompress((data / "norad_20210611.3le.gz").read_bytes()).decode().splitlines()
    k = next(k for k, line in enumerate(lines) if line.startswith("1 23314"))
    alias = [
        "THAICOM 2 AGAIN",
        *(line.replace(" 23314", " T0001")[:68] for line in lines[k : k + 2]),
    ]
    file = written(tmp_path, "\n".join([*lines, *alias]))
    command = ["satellites", "--night", NIGHT, "--store", str(store), "--quiet"]
    assert main([*command, "--elements", str(file)]) == 0
    (match,) = read_table(store, "satellites", NIGHT).to_pylist()
    assert (match["norad_cat_id"], match["certain"]) == (23314, True)
    assert read_manifest(store, NIGHT)["satellites"]["elements"]["aliases"]["270001"] == 23314


def test_a_tle_file_of_today_is_said_to_end_early(tmp_path, capsys):
    now = VANGUARD.replace("21162.05051096", "26300.05051096").splitlines()
    text = "\n".join([now[0], now[1][:68], now[2]])
    (note,) = read_elements([written(tmp_path, text)]).notes
    assert "TLE cannot hold catalogue numbers from 100000 on" in note
    assert "use OMM" in note
    assert read_elements([written(tmp_path, VANGUARD)]).notes == ()
    omm = as_json([{**OMM, "EPOCH": "2026-11-01T00:00:00"}])
    assert read_elements([written(tmp_path, omm)]).notes == ()


def test_the_command_says_what_files_hold(tmp_path, capsys):
    rows = [OMM, {**OMM, "NORAD_CAT_ID": "270011"}, {**OMM, "EPHEMERIS_TYPE": "4"}]
    good, bad = written(tmp_path, as_kvn(rows), "good.kvn"), written(tmp_path, LOGIN, "bad.json")
    assert main(["elements", str(good)]) == 0
    said = capsys.readouterr().out
    assert "OMM in KVN, 2 sets (SGP4) of 2 objects, 11 to 270011" in said
    assert "epochs 2021-06-11 01:12 to 2021-06-11 01:12 UTC" in said
    assert "1 sets refused: 1 another theory." in said
    assert "270011 is 11 under another number" in said
    assert main(["elements", str(bad), str(good)]) == 2
    said = capsys.readouterr()
    assert "270011" in said.out
    assert "You must be logged in" in said.err


def test_json_that_is_no_message_is_refused(tmp_path):
    content = json.dumps([1, None, "x", [OMM], OMM])
    file = read_file(str(written(tmp_path, content)))
    assert [one.kind for one in file.unusable] == ["damaged"] * 4
    assert len(file.sets) == 1
