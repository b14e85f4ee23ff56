"""A night in a real HBase: exactly the stored state, in the broker's layout, whatever happens."""

from __future__ import annotations

import json
import shutil
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.hbase import publish
from fink_tracklets.store.joined import OF_ALERT, OF_TRACKLET
from tests.conftest import ROOT, SAMPLE
from tests.reading import read_manifest
from tests.stores import write_night

NIGHT, NAME = "20210604", "TRCK_20210604_093609_00"
BROKER = {
    "string": "objectId publisher ssnamenr isdiffpos",
    "long": "candid",
    "double": "ra dec jd jdstarthist jdendhist",
    "integer": "rcid fid nid field tooflag nmtchps ndethist",
    "float": "chipsf distnr xpos ypos rb drb ssdistnr ssmagnr sgscore1 distpsnr1 neargaia maggaia "
    "diffmaglim magpsf sigmapsf magnr sigmagnr magzpsci classtar",
}
"""What the broker's table ztf.tracklet has in family i."""
FORMATS = {"double": ">d", "float": ">f", "long": ">q", "integer": ">i"}


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def glints(data, spark, tmp_path_factory):
    """A night of three exposures with 15, 15 and 8 glints, stored; its alerts and the store.

    A survey file beside them asks for 10 points, which the last one has not.
    """
    folder = tmp_path_factory.mktemp("glints")
    table = pq.read_table(SAMPLE)
    packets = [p for p in table.to_pylist() if p["candidate"]["jd"] == 2459369.9001157]
    assert len(packets) == 15
    night = []
    for k, n in ((0, 15), (1, 15), (2, 8)):
        for packet in packets[:n]:
            later = {**packet["candidate"], "jd": packet["candidate"]["jd"] + k / 1440}
            own = {"candid": packet["candid"] + 10**12 * k, "objectId": f"{packet['objectId']}{k}"}
            night.append({**packet, **own, "candidate": later})
    pq.write_table(pa.Table.from_pylist(night, table.schema), folder / "alerts.parquet")
    text = (ROOT / "conf" / "ztf.toml").read_text()
    assert "min_points = 5\n" in text
    (folder / "strict.toml").write_text(text.replace("min_points = 5\n", "min_points = 10\n"))
    find(folder, folder / "store", "ztf")
    return folder


def find(glints: Path, store: Path, survey: str) -> None:
    survey = str(glints / "strict.toml") if survey == "strict" else survey
    alerts = glints / "alerts.parquet"
    command = ("run", "--night", NIGHT, "--alerts", alerts, "--store", store, "--quiet")
    assert run(*command, "--survey", survey) == 0


def copy(store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store, tmp_path / "store"))


def alert_keys(store: Path) -> list[str]:
    table = read_table(store, "tracklet_alerts", NIGHT)
    pairs = zip(table["object_id"].to_pylist(), table["jd"].to_pylist(), strict=True)
    return [f"{name}_{jd!r}" for name, jd in pairs]


def command(name: str, store: Path, hbase) -> int:
    quiet = () if name == "verify" else ("--quiet",)
    return run(name, "--night", NIGHT, "--store", store, "--hbase", hbase.address, *quiet)


def test_the_sample_stands_in_hbase_bit_for_bit(stored, hbase, tmp_path, capsys):
    packets = pq.read_table(SAMPLE).to_pylist()
    hbase.fill([f"{p['objectId']}_{p['candidate']['jd']!r}" for p in packets])
    before = hbase.scan(hbase.alerts)
    store = copy(stored, tmp_path)
    assert command("publish", store, hbase) == 0

    after = hbase.scan(hbase.alerts)
    assert len(before) == 16
    assert list(after) == list(before)
    marks = hbase.marks()
    assert len(marks) == 15
    assert set(marks.values()) == {NAME}
    (untouched,) = set(after) - set(marks)
    assert after[untouched] == before[untouched]
    assert sorted(marks) == sorted(alert_keys(store))

    types = hbase.types()
    expected = {f"i:{n}": given for given, names in BROKER.items() for n in names.split()}
    assert {c: given for c, given in types.items() if c.startswith("i:")} == expected
    alerts = read_table(store, "tracklet_alerts", NIGHT).to_pylist()
    (tracklet,) = read_table(store, "tracklets", NIGHT).to_pylist()
    glints = {row["alert_id"]: row for row in read_table(store, "glints", NIGHT).to_pylist()}
    (flashes,) = read_table(store, "flashes", NIGHT).to_pylist()
    rows = hbase.scan(hbase.tracklets)
    assert len(rows) == 15
    for alert in alerts:
        row = rows[f"{NAME}_{alert['object_id']}"]
        glint = {name: glints[alert["alert_id"]][name] for name in OF_ALERT}
        full = {**tracklet, **alert, **glint, **{name: flashes[name] for name in OF_TRACKLET}}
        assert set(row) == {
            f"{'i' if f'i:{name}' in expected else 'd'}:{name}"
            for name, value in full.items()
            if value is not None
        }
        for column, cell in row.items():
            value = full[column[2:]]
            if types[column] in FORMATS:
                assert cell == struct.pack(FORMATS[types[column]], value), column
            elif isinstance(value, datetime):
                assert datetime.fromisoformat(cell.decode()).replace(tzinfo=UTC) == value
            else:
                assert cell.decode() == (str(value).lower() if value in (True, False) else value)
    assert command("verify", store, hbase) == 0
    assert "whole and consistent" in capsys.readouterr().out


def test_an_alert_without_a_row_stays_without(stored, hbase, tmp_path, capsys):
    store = copy(stored, tmp_path)
    keys = alert_keys(store)
    hbase.fill(keys[3:])
    assert run("publish", "--night", NIGHT, "--store", store, "--hbase", hbase.address) == 0
    assert "3 alerts without a row" in capsys.readouterr().out
    assert set(hbase.scan(hbase.alerts)) == set(hbase.marks()) == set(keys[3:])
    (record,) = read_manifest(store, NIGHT)["hbase"].values()
    assert record["alerts_without_row"] == sorted(keys[:3])
    assert len(record["tables"][hbase.tracklets]["keys"]) == 15
    assert command("verify", store, hbase) == 0

    with hbase.connection.table(hbase.alerts).batch() as late:
        for key in keys[:3]:
            late.put(key, {b"i:objectId": b"late"})
    assert command("verify", store, hbase) == 2
    assert command("publish", store, hbase) == 0
    assert len(hbase.marks()) == 15
    assert command("verify", store, hbase) == 0


def test_two_alerts_of_an_object_in_one_tracklet_are_both_there(stored, hbase, tmp_path):
    store = copy(stored, tmp_path)
    file = store / read_manifest(store, NIGHT)["files"]["tracklet_alerts"][0]
    table = pq.read_table(file)
    names = table["object_id"].to_pylist()
    twin = table["alert_id"].to_pylist()[7]
    names[7] = names[3]
    ids = {table["alert_id"].to_pylist()[3], twin}
    place = table.column_names.index("object_id")
    pq.write_table(table.set_column(place, "object_id", pa.array(names)), file)
    hbase.fill(alert_keys(store))
    assert command("publish", store, hbase) == 0
    rows = hbase.decoded()
    assert len(rows) == 15
    assert {row["d:alert_id"] for row in rows.values()} == set(table["alert_id"].to_pylist())
    scan = hbase.connection.table(hbase.tracklets).scan(row_prefix=f"{NAME}_{names[3]}".encode())
    assert [key.decode() for key, _ in scan] == [
        f"{NAME}_{names[3]}",
        f"{NAME}_{names[3]}_{max(ids)}",
    ]
    assert len(hbase.marks()) == 14
    assert command("verify", store, hbase) == 0


def test_other_cuts_leave_nothing_behind(glints, hbase, tmp_path):
    store = copy(glints / "store", tmp_path)
    keys = alert_keys(store)
    hbase.fill(keys)
    assert command("publish", store, hbase) == 0
    assert len(hbase.scan(hbase.tracklets)) == len(hbase.marks()) == 38
    note = {b"a:note": b"theirs"}
    gone = next(key for key in hbase.scan(hbase.tracklets) if "_093809_" in key)
    hbase.connection.table(hbase.tracklets).put(gone, note)

    find(glints, store, "strict")
    assert command("verify", store, hbase) == 2
    assert command("publish", store, hbase) == 0
    rows = hbase.scan(hbase.tracklets)
    assert rows.pop(gone) == {"a:note": b"theirs"}
    assert len(rows) == len(hbase.marks()) == 30
    assert len(hbase.scan(hbase.alerts)) == 38
    assert command("verify", store, hbase) == 0

    find(glints, store, "ztf")
    assert command("publish", store, hbase) == 0
    assert len(hbase.marks()) == 38
    assert command("verify", store, hbase) == 0


class Killed(BaseException):
    """Stands for kill -9 at a known step: nothing of ours catches it."""


def killed_at(monkeypatch, name: str, calls: int, work) -> None:
    """Do work in which the step of this name, in `publish`, ends after so many calls."""
    whole = getattr(publish, name)
    done: list[str] = []

    def last(*arguments):
        if len(done) == calls:
            raise Killed
        done.append(name)
        result = whole(*arguments)
        if len(done) == calls:
            raise Killed
        return result

    with monkeypatch.context() as patch:
        patch.setattr(publish, name, last)
        with pytest.raises(Killed):
            work()


def test_a_crash_between_steps_is_healed(glints, hbase, tmp_path, monkeypatch):
    store = copy(glints / "store", tmp_path)
    hbase.fill(alert_keys(store))
    assert command("publish", store, hbase) == 0
    # Other cuts, killed again and again; the old cuts without HBase; killed; published.
    find(glints, store, "strict")
    for step in (("write_record", 1), ("write", 0), ("write", 1)):
        killed_at(monkeypatch, *step, lambda: command("publish", store, hbase))
        (record,) = read_manifest(store, NIGHT)["hbase"].values()
        assert record["published"] == ""
        assert len(record["tables"][hbase.tracklets]["keys"]) == 38
        assert command("verify", store, hbase) == 2
    find(glints, store, "ztf")
    killed_at(monkeypatch, "write", 0, lambda: command("publish", store, hbase))
    (record,) = read_manifest(store, NIGHT)["hbase"].values()
    assert len(record["tables"][hbase.tracklets]["keys"]) == 38
    assert len(hbase.scan(hbase.tracklets)) == 30
    assert command("publish", store, hbase) == 0
    assert len(hbase.scan(hbase.tracklets)) == len(hbase.marks()) == 38
    assert command("verify", store, hbase) == 0


def test_a_value_that_becomes_null_leaves_no_cell(stored, hbase, tmp_path):
    store = copy(stored, tmp_path)
    hbase.fill(alert_keys(store))
    assert command("publish", store, hbase) == 0
    file = store / read_manifest(store, NIGHT)["files"]["tracklet_alerts"][0]
    table = pq.read_table(file)
    place, kind = table.column_names.index("rb"), table.schema.field("rb").type
    pq.write_table(table.set_column(place, "rb", pa.nulls(15, kind)), file)
    assert command("verify", store, hbase) == 2
    assert command("publish", store, hbase) == 0
    assert not any("i:rb" in row for row in hbase.scan(hbase.tracklets).values())
    assert command("verify", store, hbase) == 0


def test_unpublish_takes_the_night_out_and_no_more(stored, hbase, tmp_path):
    store = copy(stored, tmp_path)
    hbase.fill(alert_keys(store))
    before = hbase.scan(hbase.alerts)
    assert command("publish", store, hbase) == 0
    other = {b"d:other": b"1"}
    hbase.connection.table(hbase.tracklets).put(b"TRCK_20210605_093609_00_ZTF1", other)
    assert command("unpublish", store, hbase) == 0
    assert list(hbase.scan(hbase.tracklets)) == ["TRCK_20210605_093609_00_ZTF1"]
    assert hbase.scan(hbase.alerts) == before
    (record,) = read_manifest(store, NIGHT)["hbase"].values()
    assert record["tables"] == {}
    assert command("unpublish", store, hbase) == 0
    assert command("verify", store, hbase) == 2
    assert command("publish", store, hbase) == 0
    assert command("verify", store, hbase) == 0
    assert len(hbase.marks()) == 15


def test_two_nights_at_once(glints, hbase, tmp_path, spark):
    """The second one is the first, a day later."""
    store = copy(glints / "store", tmp_path)
    hbase.fill(alert_keys(store))
    manifest = read_manifest(store, NIGHT)
    for name, files in manifest["files"].items():
        moved = []
        for file in files:
            table = pq.read_table(store / file)
            if "tracklet" in table.column_names:
                names = [n and n.replace("0604_", "0605_") for n in table["tracklet"].to_pylist()]
                place = table.column_names.index("tracklet")
                table = table.set_column(place, "tracklet", pa.array(names, pa.string()))
            if "jd" in table.column_names:
                days = [jd + 1 for jd in table["jd"].to_pylist()]
                table = table.set_column(table.column_names.index("jd"), "jd", pa.array(days))
            moved.append(file.replace(f"night={NIGHT}", "night=20210605"))
            (store / moved[-1]).parent.mkdir(exist_ok=True)
            pq.write_table(table, store / moved[-1])
        manifest["files"][name] = moved
    later = json.dumps({**manifest, "night": "20210605"})
    (store / "manifests" / "20210605.json").write_text(later)

    def each(*commands: str) -> list[int]:
        codes: list[int] = []

        def work(name: str, night: str) -> None:
            quiet = () if name == "verify" else ("--quiet",)
            where = ("--night", night, "--store", store, "--hbase", hbase.address)
            codes.append(run(name, *where, *quiet))

        nights = zip(commands, (NIGHT, "20210605"), strict=True)
        threads = [threading.Thread(target=work, args=arguments) for arguments in nights]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return codes

    assert each("publish", "publish") == [0, 0]
    assert len(hbase.scan(hbase.tracklets)) == 76
    assert each("verify", "verify") == [0, 0]
    assert each("unpublish", "publish") == [0, 0]
    rows = hbase.scan(hbase.tracklets)
    assert len(rows) == 38
    assert all("_20210605_" in key for key in rows)


def test_verify_says_what_differs(stored, hbase, tmp_path, capsys):
    store = copy(stored, tmp_path)
    keys = alert_keys(store)
    hbase.fill(keys)
    assert command("publish", store, hbase) == 0
    tracklets = hbase.connection.table(hbase.tracklets)
    rows = list(hbase.scan(hbase.tracklets))
    tracklets.put(rows[0], {b"i:ra": struct.pack(">d", 1.5)})
    tracklets.delete(rows[1], [b"i:candid"])
    tracklets.delete(rows[2])
    tracklets.put(f"{NAME[:-2]}01_ZTFold", {b"d:tracklet": b"old"})
    alerts = hbase.connection.table(hbase.alerts)
    alerts.delete(keys[0], [b"d:tracklet"])
    alerts.delete(keys[1], [b"i:objectId"])
    assert command("verify", store, hbase) == 2
    said = capsys.readouterr()
    for sentence in (
        f"{rows[0]} i:ra: HBase has 1.5, the night 327.",
        f"{rows[1]} i:candid: HBase has nothing, the night 161",
        f"{rows[2]}: the row is missing.",
        "01_ZTFold: the row is there and the night does not have it.",
        f"{keys[0]} d:tracklet: HBase has nothing, the night '{NAME}'.",
        f"{keys[1]}: d:tracklet stands in a row that has no alert.",
    ):
        assert sentence in said.out
    assert len(said.out.splitlines()) == 6
    assert "6 differences" in said.err


@pytest.mark.parametrize("damage", ["gone", "rows", "tracklet"])
def test_verify_says_what_is_wrong_with_a_store(stored, tmp_path, capsys, damage):
    store = copy(stored, tmp_path)
    assert run("verify", "--night", NIGHT, "--store", store) == 0
    file = store / read_manifest(store, NIGHT)["files"]["tracklet_alerts"][0]
    table = pq.read_table(file)
    if damage == "gone":
        file.unlink()
        sentence = "is gone, which the manifest"
    else:
        pq.write_table(table.slice(1), file)
        sentence = {"rows": "has 14 rows, the manifest says 15", "tracklet": f"{NAME}: 14 alerts"}
        sentence = sentence[damage]
    assert run("verify", "--night", NIGHT, "--store", store) == 2
    assert sentence in capsys.readouterr().out


def test_a_night_that_was_replaced_meanwhile_is_not_called_published(
    glints, hbase, tmp_path, monkeypatch, capsys
):
    store = copy(glints / "store", tmp_path)
    hbase.fill(alert_keys(store))
    write = publish.write

    def slow(*arguments):
        result = write(*arguments)
        find(glints, store, "strict")
        return result

    with monkeypatch.context() as patch:
        patch.setattr(publish, "write", slow)
        assert command("publish", store, hbase) == 3
    assert "was replaced meanwhile: publish it again" in capsys.readouterr().err
    assert command("publish", store, hbase) == 0
    assert len(hbase.marks()) == 30
    assert command("verify", store, hbase) == 0


NO_MATTER = ("run", "no night")
BAD = {
    "no host": (3, "failed: Could not connect to ('nowhere.invalid', 9090)"),
    "no port": (3, "failed: Could not connect to ('127.0.0.1', 1)"),
    "no address": (2, "'thrift' is not an address: write HOST:PORT"),
    "no table": (2, "has no table"),
    "no family": (2, "has no column family d; add it there"),
    "no night": (2, "has no night 20210605"),
    "wrong setting": (2, "must be buffered or framed"),
}


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name in ("publish", "run") for case in BAD if (name, case) != NO_MATTER],
)
def test_bad_input_is_one_sentence_and_nothing_half_done(
    stored, hbase, tmp_path, capsys, name, case
):
    store = copy(stored, tmp_path)
    address = {"no host": "nowhere.invalid:9090", "no port": "127.0.0.1:1", "no address": "thrift"}
    if case == "no table":
        hbase.set(create_tables=False)
    if case == "no family":
        hbase.connection.create_table(hbase.alerts, {"i": {}, "a": {}})
    if case == "wrong setting":
        hbase.set(transport="pigeon")
    before = read_manifest(store, NIGHT)
    night = "20210605" if case == "no night" else NIGHT
    alerts = ("--alerts", SAMPLE) if name == "run" else ()
    to = address.get(case, hbase.address)
    code, sentence = BAD[case]
    assert run(name, "--night", night, *alerts, "--store", store, "--hbase", to, "--quiet") == code
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert read_manifest(store, NIGHT) == before
    if hbase.tracklets.encode() in hbase.connection.tables():
        assert hbase.scan(hbase.tracklets) == {}


def test_a_span_of_nights_is_published_and_what_hbase_has_is_not_sent_again(
    glints, hbase, tmp_path, capsys
):
    store = tmp_path / "store"
    (tmp_path / NIGHT).symlink_to(glints / "alerts.parquet")
    hbase.fill([])
    span = ("run", "--nights", NIGHT, "--alerts", f"{tmp_path}/{{Y}}{{m}}{{d}}", "--store", store)
    assert run(*span) == 0
    before = read_manifest(store, NIGHT)["run"]
    for done in ("1 done, 0 stored before", "0 done, 1 stored before"):
        capsys.readouterr()
        assert run(*span, "--hbase", hbase.address) == 0
        assert f"Nights: {done}, 0 without alerts, 0 failed" in capsys.readouterr().out
        assert len(hbase.scan(hbase.tracklets)) == 38
    assert read_manifest(store, NIGHT)["run"] == before
    write_night(store, "20211021", tracklets=2, alerts=3)
    others = ("--nights", "20210601..20211231", "--store", store, "--hbase", hbase.address)
    assert run("publish", *others) == 0
    assert len(hbase.scan(hbase.tracklets)) == 44
    assert run("verify", *others) == 0
    assert "Nights: 2 done, 0 failed" in capsys.readouterr().out
