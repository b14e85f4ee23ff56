"""A night in the store is replaced whole, whatever interrupts it."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from fink_tracklets import read_table
from fink_tracklets.cli import main
from fink_tracklets.errors import UserError
from fink_tracklets.store import commit, parquet
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.manifest import Manifest, manifest_path
from fink_tracklets.store.night import Replaced, StoredNight, open_night, read_state
from fink_tracklets.tables import TABLES, VERSION
from tests.reading import nights, read_manifest


def draft(night: str = "20240101") -> Manifest:
    """What a run says of a night before it is stored."""
    return Manifest(
        night=night,
        run="",
        version="test",
        tables_version=VERSION,
        survey="none",
        configuration={},
        rows={},
        files={},
    )


def write(store, tables, night: str = "20240101") -> StoredNight:
    return commit.write_night(
        commit.check_writable(str(store), SparkSession.getActiveSession()),
        tables,
        draft(night),
    )


def amend(store, tables, **reports) -> StoredNight:
    return amend_night(open_night(store, "20240101"), tables, **reports)


def night_tables(spark, state: str, n: int):
    """Small tables whose every row says which state it belongs to, two in Spark, two in memory."""
    rows = {
        name: [dict.fromkeys(TABLES[name].names) | {label(name): state}] * n for name in commit.SORT
    }
    return {
        name: spark.createDataFrame([tuple(row.values()) for row in rows[name]], TABLES[name].ddl)
        if name in ("tracklets", "candidates")
        else pa.Table.from_pylist(rows[name], TABLES[name].arrow_schema)
        for name in commit.SORT
    }


def label(name: str) -> str:
    """The column that tells the state."""
    return next(c.name for c in TABLES[name].columns if c.type == "string")


def states(store, night="20240101") -> dict[str, tuple[set, int]]:
    """For each table the states its rows belong to, and how many there are."""
    found = {}
    for name in commit.SORT:
        table = read_table(store, name, night)
        found[name] = (set(table[label(name)].to_pylist()), len(table))
    return found


def whole(state: str, n: int):
    return dict.fromkeys(commit.SORT, ({state}, n))


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


def kill_at(monkeypatch, step: int) -> list[str]:
    """Let the file system's step-th change be the last one. The list collects the changes."""
    changes: list[str] = []

    def counted(function):
        def change(path, *arguments, **keywords):
            if len(changes) == step:
                raise Killed
            changes.append(f"{function.__name__} {path}")
            return function(path, *arguments, **keywords)

        return change

    for name in ("rename", "replace", "unlink"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    return changes


def test_killed_at_every_step_the_old_state_or_the_new_is_there(spark, tmp_path, monkeypatch):
    write(tmp_path / "before", night_tables(spark, "o", 9))
    write(tmp_path / "before", night_tables(spark, "old", 2))
    new = night_tables(spark, "new", 3)
    outcomes = []
    for step in range(100):
        folder = tmp_path / str(step)
        store = str(shutil.copytree(tmp_path / "before", folder))
        with monkeypatch.context() as patch:
            changes = kill_at(patch, step)
            with contextlib.suppress(Killed):
                write(store, new)
        outcomes.append(states(store) == whole("new", 3))
        assert states(store) in (whole("old", 2), whole("new", 3)), changes
        write(store, new)
        assert states(store) == whole("new", 3)
        visible = {p.relative_to(folder) for p in folder.glob("*/night=*/[!_.]*.parquet")}
        named = read_manifest(store, "20240101")["files"].values()
        assert visible == {Path(file) for files in named for file in files}
        if len(changes) < step:
            break
    assert outcomes[0] is False
    assert outcomes[-1] is True
    assert sorted(outcomes) == outcomes
    assert len(outcomes) > 10


def test_a_reader_meanwhile_never_sees_a_mixture(spark, tmp_path):
    store = str(tmp_path)
    write(store, night_tables(spark, "0", 1))
    seen: list[tuple[set, int]] = []
    stop = threading.Event()

    def read():
        while not stop.is_set():
            seen.append(states(store)["candidates"])

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(1, 4):
        write(store, night_tables(spark, str(k), k + 1))
    stop.set()
    reader.join()
    assert all(len(state) == 1 and n == int(min(state)) + 1 for state, n in seen)
    assert len(seen) > 3


def amendment(state: str, n: int) -> dict[str, pa.Table]:
    """Another content of one table, as a later stage of the night gives it."""
    rows = [{label("exposures"): state}] * n
    return {"exposures": pa.Table.from_pylist(rows, TABLES["exposures"].arrow_schema)}


def test_an_amended_night_keeps_its_other_tables_whatever_kills_the_amendment(
    spark, tmp_path, monkeypatch
):
    before = tmp_path / "before"
    write(before, night_tables(spark, "old", 2))
    amend(before, amendment("older", 1))
    outcomes = []
    for step in range(100):
        folder = tmp_path / str(step)
        store = str(shutil.copytree(before, folder))
        with monkeypatch.context() as patch:
            changes = kill_at(patch, step)
            with contextlib.suppress(Killed):
                amend(store, amendment("new", 3), glints={"stage": "done"})
        exposures = states(store)["exposures"]
        outcomes.append(exposures == ({"new"}, 3))
        assert outcomes[-1] or exposures == ({"older"}, 1), changes
        assert outcomes[-1] == (read_manifest(store, "20240101").get("glints") == {"stage": "done"})
        amend(store, amendment("new", 3), glints={"stage": "done"})
        assert states(store) == whole("old", 2) | {"exposures": ({"new"}, 3)}
        visible = {p.relative_to(folder) for p in folder.glob("*/night=*/[!_.]*.parquet")}
        named = read_manifest(store, "20240101")["files"].values()
        assert visible == {Path(file) for files in named for file in files}
        if len(changes) < step:
            break
    assert outcomes[0] is False
    assert outcomes[-1] is True
    assert sorted(outcomes) == outcomes
    write(before, night_tables(spark, "next", 1))
    assert states(before) == whole("next", 1)


def test_a_night_that_is_not_there_cannot_be_amended(tmp_path):
    with pytest.raises(UserError, match="has no night 20240101"):
        amend(tmp_path, amendment("new", 1))


def test_nights_do_not_disturb_each_other(spark, tmp_path):
    store = str(tmp_path)
    writers = [
        threading.Thread(
            target=write,
            args=(store, night_tables(spark, str(k), k), f"2024010{k}"),
        )
        for k in (1, 2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    write(store, night_tables(spark, "again", 5), "20240102")
    assert nights(store) == ["20240101", "20240102"]
    assert states(store, "20240101") == whole("1", 1)
    assert states(store, "20240102") == whole("again", 5)


def test_other_tools_see_the_new_state_only(spark, tmp_path):
    for k in (1, 2):
        write(tmp_path, night_tables(spark, str(k), k))
    folder = tmp_path / "candidates"
    assert spark.read.parquet(str(folder)).count() == 2
    assert ds.dataset(folder, partitioning="hive").count_rows() == 2


def test_columns_added_later_are_null_in_older_nights(spark, tmp_path):
    store = str(tmp_path)
    tables = night_tables(spark, "old", 2)
    tables["tracklets"] = tables["tracklets"].drop("log10_nfa", "along_pixel_axis")
    write(store, tables)
    stored = read_table(store, "tracklets", "20240101")
    assert stored.column_names == TABLES["tracklets"].names
    assert stored["log10_nfa"].null_count == 2


def test_a_night_of_newer_software_and_a_damaged_store_say_so(spark, tmp_path):
    store = str(tmp_path)
    write(store, night_tables(spark, "a", 1))
    for file in (tmp_path / "tracklets" / "night=20240101").glob("*.parquet"):
        file.unlink()
    with pytest.raises(UserError, match=r"damaged: .*part-00000.*Run the night again"):
        read_table(store, "tracklets", "20240101")
    path = tmp_path / manifest_path("20240101")
    manifest = json.loads(path.read_text()) | {"tables_version": VERSION + 1}
    path.write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="too old to read it"):
        read_table(store, "tracklets", "20240101")
    with pytest.raises(UserError, match=r"has no night 20240102; it has 20240101"):
        read_manifest(store, "20240102")


def test_a_reader_keeps_its_state_while_the_night_is_replaced_once(spark, tmp_path):
    opened = write(tmp_path, night_tables(spark, "old", 2))
    write(tmp_path, night_tables(spark, "new", 3))
    for name in commit.SORT:
        assert set(opened.table(name)[label(name)].to_pylist()) == {"old"}
    write(tmp_path, night_tables(spark, "newest", 4))
    with pytest.raises(Replaced, match="was run again meanwhile: give this command again"):
        opened.table("candidates")


def test_what_is_read_of_several_tables_is_of_one_state_or_begun_anew(spark, tmp_path):
    write(tmp_path, night_tables(spark, "old", 2))
    begun = []

    def read(stored):
        first = set(stored.table("tracklets")["tracklet"].to_pylist())
        if not begun:
            write(tmp_path, night_tables(spark, "new", 3))
            write(tmp_path, night_tables(spark, "newest", 3))
        begun.append(first)
        return first | set(stored.table("tracklet_alerts")["tracklet"].to_pylist())

    assert read_state(tmp_path, "20240101", read) == {"newest"}
    assert begun == [{"old"}, {"newest"}]


def test_a_night_that_was_replaced_is_not_amended_with_what_was_read_before(spark, tmp_path):
    opened = write(tmp_path, night_tables(spark, "old", 2))
    write(tmp_path, night_tables(spark, "new", 3))
    with pytest.raises(UserError, match="was run again meanwhile: give this command again"):
        amend_night(opened, amendment("old", 1))
    assert states(tmp_path) == whole("new", 3)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda m: "{", "not valid JSON"),
        (lambda m: "[]", "the file must be a table"),
        (lambda m: json.dumps({k: v for k, v in m.items() if k != "run"}), "key 'run' is missing"),
        (
            lambda m: json.dumps(m | {"rows": {"tracklets": "2"}}),
            "rows.tracklets' must be",
        ),
        (lambda m: json.dumps(m | {"colour": 1}), "unknown key 'colour'"),
        (lambda m: json.dumps(m | {"night": "20240102"}), "manifest of the night '20240102'"),
    ],
)
def test_a_damaged_manifest_is_one_sentence_and_stays(spark, tmp_path, capsys, damage, sentence):
    manifest = write(tmp_path, night_tables(spark, "a", 1)).manifest.as_dict()
    file = tmp_path / manifest_path("20240101")
    file.write_text(damage(manifest))
    content, files = file.read_bytes(), sorted(tmp_path.rglob("*"))
    assert main(["show", "20240101", "--store", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "The manifest is damaged: move it away" in said
    assert said.count("\n") == 1
    with pytest.raises(UserError, match="The manifest is damaged"):
        write(tmp_path, night_tables(spark, "new", 3))
    run = ["run", "--night", "20240101", "--alerts", "nowhere", "--store", str(tmp_path)]
    assert main(run) == 2
    assert "The manifest is damaged" in capsys.readouterr().err
    assert (file.read_bytes(), sorted(tmp_path.rglob("*"))) == (content, files)


def test_the_old_place_of_read_table_warns(spark, tmp_path):
    write(tmp_path, night_tables(spark, "a", 4))
    with pytest.warns(DeprecationWarning, match=r"now fink_tracklets\.read_table"):
        assert parquet.read_table(tmp_path, "candidates", "20240101").num_rows == 4


def test_row_counts_are_those_of_the_files(spark, tmp_path):
    manifest = write(tmp_path, night_tables(spark, "a", 4)).manifest.as_dict()
    assert set(manifest["rows"].values()) == {4}
    for files in manifest["files"].values():
        assert sum(pq.ParquetFile(tmp_path / file).metadata.num_rows for file in files) == 4
