"""Elements in every format, irregular lines, files that are no catalogue."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.satellites.elements import nearest_sets, read_elements
from fink_tracklets.satellites.satcat import read_satcat
from fink_tracklets.satellites.zones import zones

THAICOM = """\
THAICOM 2
1 23314U 94065B   21161.65072934 -.00000195  00000-0  00000-0 0  9998
2 23314  10.9410  45.8041 0006512 301.4140  58.5600  0.98889473 97711
"""
VANGUARD = """\
VANGUARD 2
1    11U 59001A   21162.05051096  .00000030  00000-0  16365-4 0  9993
2    11  32.8641 148.9437 1467984 116.0414 259.8536 11.85800995659307
"""
OMM = {
    "OBJECT_NAME": "VANGUARD 2",
    "OBJECT_ID": "1959-001A",
    "EPOCH": "2021-06-11T01:12:44.146944",
    "MEAN_MOTION": "11.85800995",
    "ECCENTRICITY": ".1467984",
    "INCLINATION": "32.8641",
    "RA_OF_ASC_NODE": "148.9437",
    "ARG_OF_PERICENTER": "116.0414",
    "MEAN_ANOMALY": "259.8536",
    "NORAD_CAT_ID": "11",
    "BSTAR": ".16365e-4",
    "MEAN_MOTION_DOT": ".30e-6",
    "MEAN_MOTION_DDOT": "0",
}
"""Vanguard 2 again."""


def as_json(rows):
    return json.dumps(rows)


def as_csv(rows):
    lines = [",".join(rows[0])] + [",".join(row.values()) for row in rows]
    return "\n".join(lines)


def as_xml(rows):
    root = ET.Element("ndm")
    for row in rows:
        segment = ET.SubElement(ET.SubElement(ET.SubElement(root, "omm"), "body"), "segment")
        data = ET.SubElement(ET.SubElement(segment, "data"), "meanElements")
        for key, value in row.items():
            ET.SubElement(data, key).text = value
    return ET.tostring(root, encoding="unicode")


def as_kvn(rows):
    header = "CCSDS_OMM_VERS = 2.0\nCOMMENT made for a test\n"
    units = {"MEAN_MOTION": " [rev/day]"}
    return "\n".join(
        header + "\n".join(f"{key} = {value}{units.get(key, '')}" for key, value in row.items())
        for row in rows
    )


def in_namespace(rows):
    return as_xml(rows).replace("<ndm>", '<ndm xmlns="urn:ccsds:schema:ndmxml">')


def written(folder, text, name="elements"):
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("form", [as_json, as_csv, as_xml, in_namespace, as_kvn])
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_gives_the_same_orbit(form, packed, tmp_path):
    text = form([OMM, {**OMM, "NORAD_CAT_ID": "400123", "OBJECT_NAME": "NEW"}]).encode()
    found = read_elements([written(tmp_path, gzip.compress(text) if packed else text)])
    plain = read_elements([written(tmp_path, VANGUARD, "tle")])
    assert found.norad_cat_id.tolist() == [11, 400123]
    assert found.name.tolist() == ["VANGUARD 2", "NEW"]
    assert found.object_id[0] == plain.object_id[0] == "1959-001A"
    jd = plain.epoch_jd[0] + np.linspace(-3, 3, 7)
    ours = found.propagator().sgp4(np.floor(jd), jd % 1)[1]
    theirs = plain.propagator().sgp4(np.floor(jd), jd % 1)[1]
    assert np.abs(ours - theirs).max() < 0.01  # km; a TLE's epoch has eight digits


def test_irregular_lines_are_read_or_named_never_fatal(tmp_path):
    two = VANGUARD.splitlines()[1:]
    alpha = [line.replace("    11", " B1234", 1)[:68] for line in two]
    # a name that begins as an element line does, no name, blank padding, Alpha-5
    text = "\n".join(["1 OF A KIND", *two, *alpha, "0 " + THAICOM.splitlines()[0]])
    text += (
        "\n" + "\n".join(THAICOM.splitlines()[1:2]) + "\n" + VANGUARD + two[0][:50] + "\n" + two[1]
    )
    found = read_elements([written(tmp_path, text)])
    assert found.norad_cat_id.tolist() == [11, 111234]
    assert found.duplicates == 1
    assert len(found.unusable) == 2
    assert "line 7: a line 1 without its other line" in found.unusable[0].sentence
    assert "line 1 of the set is cut short (50 of 69 characters)" in found.unusable[1].sentence


def test_a_wrong_digit_is_noticed(tmp_path):
    text = VANGUARD + VANGUARD.replace("148.9437", "149.9437")
    (line,) = read_elements([written(tmp_path, text)]).unusable
    assert "line 5: the checksum of line 2 is wrong" in line.sentence


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"<!DOCTYPE html><html><body>No GP data found</body></html>", "is a web page"),
        (b"No GP data found", "no usable element set"),
        (gzip.compress(VANGUARD.encode() * 50)[:-20], "broken gzip file"),
        (as_json([OMM])[:-20].encode(), "not whole JSON"),
        (as_xml([OMM])[:-20].encode(), "not whole XML"),
        (
            as_json([{**OMM, "EPOCH": "yesterday"}]).encode(),
            "set 1: the epoch 'yesterday' is not a moment",
        ),
        (VANGUARD[:100].encode(), "no usable element set"),
    ],
)
def test_what_is_no_catalogue_is_one_sentence_with_the_file(content, why, tmp_path):
    file = written(tmp_path, content)
    with pytest.raises(UserError, match=why) as error:
        read_elements([file])
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_of_several_days_each_object_s_nearest_set_counts(tmp_path):
    days = ["2021-06-11T00:00:00", "2021-06-12T00:00:00", "2021-06-15T00:00:00"]
    files = [
        written(tmp_path, as_json([{**OMM, "EPOCH": day}, {**OMM, "EPOCH": days[0]}]), f"{k}.json")
        for k, day in enumerate(days)
    ]
    found = read_elements(files[::-1])
    assert found.duplicates == 3
    jd = found.epoch_jd[0] + np.array([-14.5, -13.5, 0.4, 0.6, 2.4, 2.6, 18.5])
    used = nearest_sets(found, jd, 14.0)
    assert [np.flatnonzero(column).tolist() for column in used.T] == [
        [],
        [0],
        [0],
        [1],
        [1],
        [2],
        [],
    ]


SATCAT = (
    "OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,RCS,ORBIT"
)


def test_satcat_is_read_by_name(tmp_path):
    rows = [
        "THAICOM 2,1994-065B,23314,PAY,-,THAI,1994-10-08,10.5,EA",
        "X,1994-065C,23315,R/B,,FR,1994-10-08,,EA",
        *(f"Y,1994-065D,{k},DEB,{code},US,,0.1,EA" for k, code in enumerate("+PBSXD?", 1)),
    ]
    found = read_satcat(written(tmp_path, "\n".join([SATCAT, *rows])))
    assert found.loc[23314].tolist() == [
        "THAICOM 2",
        "payload",
        "non-operational",
        "THAI",
        "1994-10-08",
        10.5,
    ]
    assert found.loc[23315, ["object_type", "ops_status"]].tolist() == ["rocket body", "unknown"]
    assert pd.isna(found.loc[23315, "rcs_m2"])
    status = found.loc[[1, 2, 3, 4, 5, 6, 7], "ops_status"].tolist()
    assert status == ["operational"] * 5 + ["decayed", "unknown"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not CelesTrak's SATCAT"),
        ("<html>", "lacks the column OBJECT_NAME"),
        (SATCAT.replace(",RCS", ""), "lacks the column RCS"),
        (SATCAT + "\nX,1994-065C,23x,R/B,,FR,,,EA", "row 2: NORAD_CAT_ID is '23x'"),
    ],
)
def test_a_wrong_satcat_is_one_sentence(content, why, tmp_path):
    with pytest.raises(UserError, match=why):
        read_satcat(written(tmp_path, content))


def test_zones_of_orbits():
    """Navigation satellites share Molniya's period and inclination, not its eccentricity."""
    orbits = pd.DataFrame(
        {
            "semi_major_axis_km": [6_900.0, 26_560.0, 25_510.0, 42_165.0, 24_400.0],
            "inclination_deg": [53.0, 63.4, 64.8, 8.1, 7.0],
            "eccentricity": [0.001, 0.70, 0.001, 0.0005, 0.72],
        }
    )
    assert zones(orbits).tolist() == ["low", "molniya", "other", "geosynchronous", "other"]
