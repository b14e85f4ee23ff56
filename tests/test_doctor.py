"""`doctor`: one line for each check; 0, or 3 where a run could not succeed."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime

import pytest

from fink_tracklets.cli.main import main
from fink_tracklets.health import machine
from fink_tracklets.health.services import hbase_findings, store_findings
from fink_tracklets.satellites.propagation import iers_end
from tests.stores import write_store


def test_a_machine_that_can_do_the_work(spark, tmp_path, capsys):
    write_store(tmp_path, "20211021", nights=2, tracklets=1, alerts=3)
    assert main(["doctor", "--store", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line[:5] in ("ok   ", "note ") for line in lines)
    told = {line[5:].partition(":")[0] for line in lines}
    assert {"Python packages", "Spark", "disk", "memory", "Earth orientation"} <= told
    assert "leap seconds" in told
    assert "HBase" not in told
    assert f"{tmp_path}: 2 nights" in lines[-1]


def test_a_service_that_does_not_answer_ends_with_code_3(spark, capsys):
    assert main(["doctor", "--hbase", "127.0.0.1:1"]) == 3
    said = capsys.readouterr()
    assert "bad  HBase: " in said.out
    assert "1 of these must be mended" in said.err
    assert "Traceback" not in said.out + said.err


def test_stores_that_cannot_be_read_and_writes_that_did_not_end(tmp_path):
    (absent,) = store_findings(str(tmp_path / "absent"))
    assert absent.level == "bad"
    write_store(tmp_path, "20211021", nights=2, tracklets=1, alerts=3)
    (tmp_path / "tracklets" / "night=20211022" / "_new-0123456789ab").mkdir()
    (tmp_path / "tracklets" / "night=20211031" / "_new-0123456789ab").mkdir(parents=True)
    (tmp_path / "manifests" / "20211021.json").write_text("{")
    bad, fine, note = store_findings(str(tmp_path))
    assert (bad.level, fine.level, note.level) == ("bad", "ok", "note")
    assert "20211021.json" in bad.text
    assert "unfinished writes of 20211022, 20211031" in note.text


def test_a_store_on_hdfs_is_asked_through_webhdfs(tmp_path, monkeypatch):
    (tmp_path / "hadoop.toml").write_text('[webhdfs]\n"hdfs://n:1" = "http://127.0.0.1:1"\n')
    monkeypatch.setenv("FINK_TRACKLETS_CONF", str(tmp_path))
    (found,) = store_findings("hdfs://n:1/store")
    assert found.level == "bad"
    assert "127.0.0.1:1" in found.text or "hdfs://n:1" in found.text


def test_hbase_with_a_wrong_address_is_a_finding():
    (found,) = hbase_findings("nowhere")
    assert (found.level, "write HOST:PORT" in found.text) == ("bad", True)


def test_hbase_that_answers(hbase):
    fine, *tables = hbase_findings(hbase.address)
    assert fine.level == "ok"
    assert [finding.level for finding in tables] == ["note", "note"]
    assert "`publish` will make it" in tables[0].text
    hbase.set(create_tables=False)
    assert [finding.level for finding in hbase_findings(hbase.address)] == ["ok", "bad", "bad"]


def test_old_time_data_are_a_note():
    end = datetime.fromtimestamp((iers_end() - machine.UNIX_EPOCH_JD) * 86400, UTC)
    fresh = end.replace(year=end.year - 1)
    assert machine.earth_orientation(fresh).level == "ok"
    old = machine.earth_orientation(end)
    assert old.level == "note"
    assert "pip install -U astropy-iers-data" in old.text
    assert machine.leap_seconds(datetime(2020, 1, 1, tzinfo=UTC)).level == "ok"
    assert machine.leap_seconds(datetime(2099, 1, 1, tzinfo=UTC)).level == "note"


@pytest.mark.parametrize(("free", "level"), [(None, "note"), (1 << 20, "note"), (1 << 40, "ok")])
def test_little_memory_is_a_note(free, level):
    assert machine.memory(free).level == level


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["nobody-has-this>=1", "numpy"])
    found = machine.packages()
    assert found.level == "bad"
    assert found.text == "missing: nobody-has-this; pip install nobody-has-this"
