"""docker-compose.yml and Dockerfile, as far as they can be checked without an engine."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from tests.conftest import ROOT

COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text())


def test_it_is_a_compose_file():
    words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_what_is_named_exists(compose):
    services = compose["services"]
    assert {"hdfs", "hbase", "kafka", "spark-master", "spark-worker", "job", "stream"} <= set(
        services
    )
    used = set()
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in services[needed]
        assert set(service["networks"]) <= set(compose["networks"])
        used |= {volume.split(":")[0] for volume in service.get("volumes", [])}
    assert used == set(compose["volumes"])


def test_containers_write_nothing_of_their_image_and_may_do_little(compose):
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    for stage in stages:
        if " AS job" in stage or " AS services" in stage:
            assert "\nUSER fink\n" in stage


def test_every_image_has_its_version(compose):
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(), re.M))
    images = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    images += [service["image"] for service in compose["services"].values()]
    for image in images:
        assert image in stages or re.search(r":\d[\w.-]*$", image), image
    for service in compose["services"].values():
        assert service["build"]["target"] in stages


def test_what_the_dockerfile_copies_is_there():
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for path in line.split()[1:-1]:
                assert (ROOT / path).exists(), path


def test_services_are_started_by_the_script_of_the_tests(compose):
    """With the options that it has."""
    for name in ("hdfs", "hbase", "kafka"):
        words = compose["services"][name]["command"]
        script = ROOT / "services" / "services.py"
        shown = subprocess.run(
            [sys.executable, str(script), "serve", *words, "--help"], capture_output=True, text=True
        )
        assert shown.returncode == 0, shown.stderr
        health = compose["services"][name]["healthcheck"]["test"]
        assert health[:4] == ["CMD", "python3", "services/services.py", "answers"]


def test_operators_settings_fit_the_compose_file(compose, monkeypatch):
    from fink_tracklets.hbase.settings import load_hbase
    from fink_tracklets.store.webhdfs import WebHdfsFolder

    monkeypatch.setenv("FINK_TRACKLETS_CONF", str(ROOT / "docker" / "conf"))
    assert load_hbase().connection.host in compose["services"]
    assert WebHdfsFolder("hdfs://hdfs:8020/x").http == "http://hdfs:9870/webhdfs/v1/x"
