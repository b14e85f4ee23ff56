"""`serve` over a store on a real HDFS: the command itself, without Spark, through WebHDFS."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from fink_tracklets.store.folder import WritableFolder
from fink_tracklets.store.open import open_writable
from tests.conftest import ROOT
from tests.serving import serving
from tests.stores import write_night

NAME = "TRCK_20210604_093609_00"


@contextmanager
def command(*arguments: str) -> Iterator[str]:
    """The address of `serve` with these arguments."""
    words = [sys.executable, "-m", "fink_tracklets", "serve", *arguments, "--port", "0", "--quiet"]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.readline().strip()
            assert said.startswith("http://"), said + process.stderr.read()
            yield said.rstrip("/")
        finally:
            process.terminate()


@pytest.fixture
def place(services, hbase, spark) -> WritableFolder:
    """A folder of the test's own on HDFS, and settings that look at it each time."""
    text = (ROOT / "conf" / "service.toml").read_text()
    assert "refresh_s = 5.0" in text
    (hbase.conf / "service.toml").write_text(text.replace("refresh_s = 5.0", "refresh_s = 0.0"))
    return open_writable(f"{services.hdfs}/{uuid.uuid4().hex}", spark)


def copy(store: Path, place: WritableFolder) -> None:
    """A store to HDFS, the manifests last."""
    files = [file for file in store.rglob("*") if file.is_file() and file.name[0] not in "._"]
    for file in sorted(files, key=lambda file: file.suffix == ".json"):
        path = file.relative_to(store)
        place.make(str(path.parent))
        place.replace(str(path), file.read_bytes())


def ask(address: str, path: str, **query: str) -> requests.Response:
    return requests.get(f"{address}{path}", params=query, timeout=60)


def test_a_store_on_hdfs_is_served_as_a_local_one(stored, place, tmp_path):
    copy(stored, place)
    with command("--store", place.address) as remote, serving(stored) as local:
        alert = ask(local, f"/api/v1/tracklets/{NAME}").json()["points"][0]["alert_id"]
        for path in (
            "/api/v1/tracklet?date=2021-06-04",
            f"/api/v1/tracklet?id={NAME}&output-format=votable",
            "/api/v1/nights",
            "/api/v1/nights/20210604",
            f"/api/v1/tracklets/{NAME}",
            f"/api/v1/tracklets/{NAME}/stamps/{alert}/science.png",
            "/",
            "/night/20210604",
            f"/tracklet/{NAME}",
        ):
            answers = [ask(address, path) for address in (remote, local)]
            assert [answer.status_code for answer in answers] == [200, 200], path
            assert answers[0].content == answers[1].content, path

        for alerts in (3, 5):  # a new night, then the same in another state
            write_night(tmp_path, "20211022", 2, alerts)
            manifest = tmp_path / "manifests" / "20211022.json"
            changed = {**json.loads(manifest.read_text()), "run": str(alerts)}
            manifest.write_text(json.dumps(changed))
            copy(tmp_path, place)
            rows = ask(remote, "/api/v1/tracklet", date="2021-10-22").json()
            assert len(rows) == alerts


@pytest.mark.parametrize(
    ("store", "code", "says"),
    [
        ("hdfs://elsewhere:8020/x", 2, "conf/hadoop.toml names no WebHDFS address for hdfs://else"),
        ("hdfs://a:1/x", 3, "WebHDFS does not answer at http://127.0.0.1:1/"),
    ],
)
def test_an_hdfs_that_cannot_be_read_is_a_sentence(tmp_path, monkeypatch, store, code, says):
    (tmp_path / "hadoop.toml").write_text('[webhdfs]\n"hdfs://a:1" = "http://127.0.0.1:1"\n')
    (tmp_path / "service.toml").write_text((ROOT / "conf" / "service.toml").read_text())
    monkeypatch.setenv("FINK_TRACKLETS_CONF", str(tmp_path))
    words = [sys.executable, "-m", "fink_tracklets", "serve", "--store", store, "--port", "0"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
