"""What is shipped: its bill of materials, its installation, known faults of what it needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYTHONS = ("3.11", "3.12", "3.13")


def sbom(*extras: str) -> dict:
    command = [sys.executable, str(ROOT / "sbom.py"), *extras]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_bill_of_materials_has_what_runs_and_nothing_else():
    known = sbom("plot")
    names = {one["name"].lower().replace("_", "-") for one in known["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in ("pyspark", "py4j", "matplotlib", "numpy", "starlette"):
        assert name in names
    assert not names & {"pytest", "mypy", "ruff", "playwright", "mkdocs"}
    pinned = dict(
        line.lower().replace("_", "-").split("==")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    )
    for one in known["components"]:
        assert pinned[one["name"].lower().replace("_", "-")] == one["version"]
    assert known["metadata"]["component"]["version"] == project["project"]["version"]
    references = {one["bom-ref"] for one in known["components"]}
    references.add(known["metadata"]["component"]["bom-ref"])
    for one in known["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= references
    assert known == sbom("plot")


def pip(folder: Path, *packages: str, python: str = sys.executable) -> Path:
    """An environment of its own with these packages; where its programs are."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    words = ["-m", "pip", "install", "--quiet", *packages]
    subprocess.run([str(folder / "bin" / "python"), *words], check=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Wheel and sdist."""
    out = tmp_path_factory.mktemp("dist")
    words = ["-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return out


@pytest.mark.campaign
def test_twine_takes_wheel_and_sdist(built, tmp_path):
    twine = pip(tmp_path / "twine", "twine") / "twine"
    done = subprocess.run(
        [twine, "check", "--strict", *built.iterdir()], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2


def interpreter(version: str) -> str:
    """A Python of this version, or a skip."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    found = str(pyenv[-1]) if pyenv else shutil.which(f"python{version}")
    if not found:
        pytest.skip(f"no Python {version} here")
    return found


@pytest.mark.campaign
@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
def test_an_empty_environment_runs_the_demo(built, tmp_path, version, kind):
    """Installed from the wheel and from the sdist, with a Java of its own."""
    (package,) = built.glob(f"*.{kind}")
    where = pip(tmp_path / "env", f"{package}[plot,java]", python=interpreter(version))
    environment = {"PATH": f"{where}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [where / "fink-tracklets", "demo", "--out", tmp_path / "demo"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "12 found, 0 false" in done.stdout or " 0 false" in done.stdout
    assert (tmp_path / "demo" / "night.png").stat().st_size > 10_000


@pytest.mark.campaign
def test_no_known_fault_in_what_is_pinned(tmp_path):
    """Of what runs, not of what tests need."""
    pins = "".join(f"{one['name']}=={one['version']}\n" for one in sbom("plot")["components"])
    file = tmp_path / "pins.txt"
    file.write_text(pins)
    audit = pip(tmp_path / "audit", "pip-audit") / "pip-audit"
    done = subprocess.run(
        [audit, "--strict", "--requirement", file, "--no-deps", "--disable-pip"],
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    if "could not be audited" in said or "Could not connect" in said:
        pytest.skip(f"the list of faults is not reached: {said.strip().splitlines()[-1]}")
    assert done.returncode == 0, said
