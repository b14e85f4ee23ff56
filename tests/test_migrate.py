"""Stored nights of older versions, brought to the present tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fink_tracklets.cli.main import main
from fink_tracklets.store.night import open_night
from fink_tracklets.tables import VERSION

NIGHT = "20211022"


@pytest.fixture
def old(simulated_store, tmp_path) -> Path:
    """The simulated night as the version before would have stored it."""
    store = tmp_path / "store"
    shutil.copytree(simulated_store, store)
    for name in ("short_tracks", "summary"):
        shutil.rmtree(store / name)
    change(store, lambda manifest: manifest.update(tables_version=2))
    return store


def change(store: Path, how) -> None:
    file = store / "manifests" / f"{NIGHT}.json"
    manifest = json.loads(file.read_text())
    for name in ("short_tracks", "summary"):
        manifest["rows"].pop(name, None)
        manifest["files"].pop(name, None)
    how(manifest)
    file.write_text(json.dumps(manifest))


def test_what_the_candidates_tell_is_made_as_the_run_makes_it(old, simulated_store, capsys):
    before = (old / "manifests" / f"{NIGHT}.json").read_bytes()
    assert main(["migrate", "--store", str(old)]) == 0
    assert f"{NIGHT}  version 2  short_tracks, summary" in capsys.readouterr().out
    assert (old / "manifests" / f"{NIGHT}.json").read_bytes() == before

    assert main(["migrate", "--store", str(old), "--apply"]) == 0
    night, fresh = open_night(str(old), NIGHT), open_night(simulated_store, NIGHT)
    assert night.manifest.tables_version == VERSION
    keys = ["short_track", "alert_id"]
    tables = [
        stored.frame("short_tracks").sort_values(keys, ignore_index=True)
        for stored in (night, fresh)
    ]
    assert len(tables[1])
    assert tables[0].equals(tables[1])
    assert night.frame("tracklets").equals(fresh.frame("tracklets"))
    capsys.readouterr()
    assert main(["migrate", "--store", str(old)]) == 0
    assert f"of the present tables (version {VERSION}): 1" in capsys.readouterr().out


def test_a_night_that_must_be_run_again_is_named(old, capsys):
    change(old, lambda manifest: manifest["configuration"]["finder"].update(luck=1))
    assert main(["migrate", "--store", str(old), "--apply"]) == 2
    out = capsys.readouterr()
    assert f"{NIGHT}  must be run again: its settings are of old" in out.out
    assert f"To be run again: --nights {NIGHT}." in out.err


def test_a_store_without_nights(tmp_path, capsys):
    assert main(["migrate", "--store", str(tmp_path)]) == 2
    assert "has no night" in capsys.readouterr().err
