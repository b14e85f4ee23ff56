"""Alerts and store on a real HDFS: through Spark's Java, and without Spark through WebHDFS."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fink_tracklets import read_table
from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.spark.java import java_home
from fink_tracklets.store.open import open_writable
from fink_tracklets.store.webhdfs import WebHdfsFolder
from tests.conftest import ROOT, SAMPLE
from tests.reading import nights, read_manifest
from tests.test_hbase import NAME, NIGHT, alert_keys, run
from tests.test_store import label, night_tables, states, whole, write


@pytest.fixture
def place(services, hbase) -> str:
    """A folder of the test's own on HDFS, named in conf/hadoop.toml."""
    return f"{services.hdfs}/{uuid.uuid4().hex}"


@pytest.fixture
def alerts(services, place, spark, data) -> str:
    """The sample on HDFS."""
    path = f"{place}/alerts/2021/06/04/sample.parquet"
    folder = open_writable(place, spark)
    folder.make("alerts/2021/06/04")
    folder.write("alerts/2021/06/04/sample.parquet", SAMPLE.read_bytes())
    return path


def script(*arguments: str, program: tuple[str, ...] = ("-m", "fink_tracklets")):
    """A process without the test's Spark."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, *program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)


@pytest.mark.parametrize("kind", ["local", "hdfs"])
def test_a_folder_is_a_folder(kind, spark, place, tmp_path):
    folder = open_writable(str(tmp_path / "store") if kind == "local" else place, spark)
    assert folder.names("a") == []
    folder.make("a/b")
    folder.write("a/b/one", bytes(range(256)) * 9000)
    with pytest.raises((FileExistsError, ServiceError)):
        folder.write("a/b/one", b"")
    folder.rename("a/b/one", "a/two")
    folder.replace("a/three", b"old")
    folder.replace("a/three", b"new")
    assert folder.names("a") == ["b", "three", "two"]
    readers = [folder] if kind == "local" else [folder, WebHdfsFolder(place)]
    for reader in readers:
        assert reader.names("a") == ["b", "three", "two"]
        assert reader.names("nothing") == []
        assert reader.read("a/three") == b"new"
        assert reader.read("a/two") == bytes(range(256)) * 9000
        with reader.open("a/two") as file:
            file.seek(-3, 2)
            assert file.read() == bytes([253, 254, 255])
            file.seek(1_200_000)
            assert file.read(2) == bytes([1_200_000 % 256, 1_200_001 % 256])
        with pytest.raises(FileNotFoundError):
            reader.read("a/four")
    folder.remove("a")
    assert folder.names("") == []


def test_a_night_on_hdfs_from_alerts_on_hdfs(alerts, place, hbase, capsys):
    store = f"{place}/store"
    lake = alerts.replace("2021/06/04/sample.parquet", "{Y}/{m}/{d}")
    hbase.connection.create_table(hbase.alerts, {"i": {}, "d": {}})
    command = ("run", "--night", NIGHT, "--alerts", lake, "--store", store)
    assert run(*command, "--hbase", hbase.address) == 0
    said = capsys.readouterr().out
    assert NAME in said
    assert "15 alerts without a row" in said

    with hbase.connection.table(hbase.alerts).batch() as batch:
        for key in alert_keys(store):
            batch.put(key, {b"i:objectId": b"x"})
    assert run(*command, "--quiet") == 0  # without HBase: the record stays
    to = ("--night", NIGHT, "--store", store, "--hbase", hbase.address)
    assert run("publish", *to, "--quiet") == 0
    assert len(hbase.marks()) == len(hbase.scan(hbase.tracklets)) == 15

    verified = script("verify", *to)
    assert "whole and consistent" in verified.stdout, verified.stderr
    shown = script("show", NAME, "--store", store)
    assert "along_arcsec" in shown.stdout, shown.stderr

    assert run("unpublish", *to, "--quiet") == 0
    assert hbase.marks() == hbase.scan(hbase.tracklets) == {}


def test_spark_submit_reads_hdfs_writes_hdfs_and_publishes(alerts, place, hbase):
    import pyspark

    hbase.connection.create_table(hbase.alerts, {"i": {}, "d": {}})
    submit = str(Path(pyspark.__file__).parent / "bin" / "spark-submit")
    options = ["--master", "local[2]", "--conf", "spark.ui.enabled=false"]
    options += ["--conf", "spark.driver.host=localhost"]
    words = ["--night", NIGHT, "--alerts", alerts, "--store", f"{place}/store"]
    job = str(ROOT / "jobs" / "find_tracklets.py")
    done = subprocess.run(
        [submit, *options, job, *words, "--hbase", hbase.address],
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "JAVA_HOME": str(java_home()),
            "PYTHONPATH": str(ROOT),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(hbase.scan(hbase.tracklets)) == 15
    assert len(read_table(f"{place}/store", "tracklet_alerts", NIGHT)) == 15


def test_a_night_is_replaced_whole_and_read_without_spark(place, spark):
    for state, n in (("old", 2), ("new", 3)):
        write(place, night_tables(spark, state, n))
        assert states(place, "20240101") == whole(state, n)
    assert nights(place) == ["20240101"]
    web = WebHdfsFolder(place)
    for name, files in read_manifest(place, "20240101")["files"].items():
        assert sum(pq.ParquetFile(web.open(file)).metadata.num_rows for file in files) == 3, name
        old = [file for file in web.names(f"{name}/night=20240101") if file.startswith("_part")]
        assert len(old) == len(files)


class Killed(BaseException):
    """Stands for kill -9."""


def test_killed_at_every_step_on_hdfs(place, spark, monkeypatch):
    from fink_tracklets.store import manifest
    from fink_tracklets.store.hadoop import HadoopFolder

    tables = {name: night_tables(spark, name, 2) for name in ("old", "new")}
    # One that Spark writes, and one that is in memory: each further one repeats the same steps.
    wanted = ("candidates", "exposures")
    tables = {state: {name: some[name] for name in wanted} for state, some in tables.items()}
    monkeypatch.setattr(manifest, "COUNTED", ())
    outcomes = []
    for step in range(30):
        store = f"{place}/{step}"
        write(store, tables["old"])
        changes: list[str] = []
        with monkeypatch.context() as patch:
            for name in ("write", "rename", "remove"):
                patch.setattr(HadoopFolder, name, counted(HadoopFolder, name, changes, step))
            with contextlib.suppress(Killed):
                write(store, tables["new"])
        (found,) = {
            state
            for name in wanted
            for state in read_table(store, name, "20240101")[label(name)].to_pylist()
        }
        outcomes.append(found)
        if len(changes) < step:
            break
    assert outcomes == sorted(outcomes, reverse=True)
    assert (outcomes[0], outcomes[-1]) == ("old", "new")


def counted(owner, name, changes, step):
    whole = getattr(owner, name)

    def change(*arguments):
        if len(changes) == step:
            raise Killed
        changes.append(name)
        return whole(*arguments)

    return change


def test_a_store_without_a_webhdfs_address_says_so(services, hbase, tmp_path, capsys):
    with pytest.raises(UserError, match=r"conf/hadoop\.toml names no WebHDFS address for hdfs://"):
        WebHdfsFolder("hdfs://elsewhere:8020/store")


def test_webhdfs_that_does_not_answer_is_a_failed_service(hbase):
    (hbase.conf / "hadoop.toml").write_text('[webhdfs]\n"hdfs://a:1" = "http://127.0.0.1:1"\n')
    with pytest.raises(ServiceError, match="WebHDFS does not answer at http://127"):
        WebHdfsFolder("hdfs://a:1/store").read("x")


@pytest.mark.parametrize("which", ["alerts", "store"])
def test_an_hdfs_that_does_not_answer_is_a_failed_service(data, spark, tmp_path, capsys, which):
    words = {"alerts": SAMPLE, "store": tmp_path, which: "hdfs://127.0.0.1:1/x"}
    code = run(
        "run", "--night", NIGHT, "--alerts", words["alerts"], "--store", words["store"], "--quiet"
    )
    said = capsys.readouterr().err
    assert code == 3, said
    assert "hdfs://127.0.0.1:1" in said
    assert len(said.splitlines()) == 1


def test_no_alerts_on_hdfs_is_bad_input(place, spark, tmp_path, capsys):
    assert run("run", "--night", NIGHT, "--alerts", place, "--store", tmp_path, "--quiet") == 2
    assert "does not exist" in capsys.readouterr().err
