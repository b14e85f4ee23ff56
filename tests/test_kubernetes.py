"""deploy/kubernetes, and what Spark's own code makes of it, as far as no cluster is needed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from fink_tracklets.cli.main import parser
from fink_tracklets.version import __version__
from tests.conftest import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
ENTRY = ROOT / "docker" / "kubernetes.sh"


def documents() -> dict[str, dict]:
    """All of the folder, by file and kind."""
    return {
        f"{file.stem}/{document['kind']}": document
        for file in sorted(FOLDER.glob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text())
    }


def pods() -> dict[str, dict]:
    """The pod specifications among them."""
    found = {}
    for name, document in documents().items():
        inside = document.get("spec", {})
        for key in ("jobTemplate", "spec", "template", "spec"):
            inside = inside.get(key, inside)
        if "containers" in inside:
            found[name] = inside
    return found


def test_pods_run_as_an_ordinary_user_and_write_nothing_of_their_image():
    assert len(pods()) == 4
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"], name
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"], name
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_images_are_targets_of_the_dockerfile_in_this_version():
    targets = re.findall(r"^FROM \S+ AS (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    images = re.findall(r"registry\.example\.org/fink-tracklets-(\w+):(\S+?)[\"\s]", everything())
    assert len(images) == 3
    for target, version in images:
        assert target in targets
        assert version == __version__


def everything() -> str:
    return "\n".join(file.read_text() for file in sorted(FOLDER.glob("*.yaml")))


def night_command() -> list[str]:
    """What the CronJob's shell runs, as words."""
    (container,) = pods()["night/CronJob"]["containers"]
    (line,) = container["args"]
    known = {"POD_IP": "10.0.0.1", "POD_NAME": "night-1", "IMAGE": "image"}
    echo = line.replace("exec spark-submit", "printf '%s\\n' spark-submit")
    said = subprocess.run(
        ["sh", "-c", echo], env={**os.environ, **known}, capture_output=True, text=True, check=True
    )
    return said.stdout.splitlines()


def test_the_night_s_line_is_one_that_run_takes():
    words = night_command()
    job = words.index("jobs/find_tracklets.py")
    options = parser().parse_args(["run", *words[job + 1 :]])
    assert re.fullmatch(r"\d{8}", options.night)
    assert options.alerts.endswith("year={Y}/month={m}/day={d}")
    assert options.hbase == ""


def test_only_what_may_succeed_is_tried_again():
    """By the exit codes that the package has."""
    job = documents()["night/CronJob"]["spec"]["jobTemplate"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2, 4])
    assert job["template"]["spec"]["restartPolicy"] == "Never"


@pytest.fixture(scope="module")
def rendered(spark) -> dict[str, dict]:
    """The pods of a driver in cluster mode and of an executor, as Spark's submission makes them."""
    jvm = spark.sparkContext._jvm
    words = night_command()
    given = [words[k + 1] for k, word in enumerate(words) if word == "--conf"]
    conf = jvm.org.apache.spark.SparkConf(False)
    for pair in given:
        if not pair.startswith(("spark.driver.host=", "spark.kubernetes.driver.pod.name=")):
            conf.set(*pair.split("=", 1))  # those two are of a driver in client mode
    conf.set("spark.app.name", "night").set("spark.master", "k8s://https://example.org")
    conf.set("spark.kubernetes.driver.podTemplateFile", str(FOLDER / "driver.yaml"))
    conf.set("spark.kubernetes.executor.podTemplateFile", str(FOLDER / "executor.yaml"))
    k8s = jvm.org.apache.spark.deploy.k8s
    resource = k8s.submit.PythonMainAppResource(
        "local:///opt/fink_tracklets/jobs/find_tracklets.py"
    )
    none = getattr(getattr(jvm.scala, "None$"), "MODULE$")
    arguments = spark.sparkContext._gateway.new_array(jvm.java.lang.String, 0)
    clock = jvm.org.apache.spark.util.SystemClock()
    client = jvm.io.fabric8.kubernetes.client.KubernetesClientBuilder().build()
    driver = k8s.KubernetesDriverConf(
        conf, "spark-1", resource, "org.apache.spark.deploy.PythonRunner", arguments, none, clock
    )
    made = k8s.submit.KubernetesDriverBuilder().buildFromFeatures(driver, client).pod()
    profiles = getattr(getattr(jvm.org.apache.spark.resource, "ResourceProfile$"), "MODULE$")
    profile = profiles.getOrCreateDefaultProfile(conf)
    conf.set("spark.driver.port", "7078")
    executor = k8s.KubernetesExecutorConf(conf, "spark-1", "1", none, 0)
    secret_file = getattr(jvm.org.apache.spark.SecurityManager, "$lessinit$greater$default$3")()
    security = jvm.org.apache.spark.SecurityManager(conf, none, secret_file)
    worker = jvm.org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBuilder()
    started = worker.buildFromFeatures(executor, security, client, profile).pod()
    as_json = jvm.io.fabric8.kubernetes.client.utils.Serialization.asJson
    found = {}
    for name, one in (("driver", made), ("executor", started)):
        pod = json.loads(as_json(one.pod()))
        pod["spec"]["containers"] = [json.loads(as_json(one.container()))]
        found[name] = pod
    return found


def test_spark_s_own_submission_takes_the_templates(rendered):
    for name, pod in rendered.items():
        (container,) = pod["spec"]["containers"]
        assert container["args"][0] == name
        assert container["image"] == "image"
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert "/tmp" in [mount["mountPath"] for mount in container["volumeMounts"]]


def test_the_entry_point_uses_what_spark_gives(rendered):
    text = ENTRY.read_text()
    branches = dict(re.findall(r"(?ms)^(driver|executor)\)\n(.*?);;", text))
    of_image = {"SPARK_HOME", "SPARK_CLASSPATH", "SPARK_CONF_DIR"}
    for name, branch in branches.items():
        (container,) = rendered[name]["spec"]["containers"]
        given = {one["name"] for one in container["env"]}
        used = set(re.findall(r"\$\{?(SPARK_[A-Z_]+[A-Z])\b", branch)) - of_image
        assert used <= given, used - given


@pytest.mark.campaign
def test_the_entry_point_starts_a_driver(spark, tmp_path):
    """As a pod's, with a Spark of its own: the job's exit code is the container's."""
    import pyspark

    from fink_tracklets.spark.java import java_home

    job = tmp_path / "job.py"
    job.write_text("import sys\nfrom pyspark import SparkConf\nsys.exit(len(sys.argv) + 1)\n")
    properties = tmp_path / "spark.properties"
    properties.write_text("spark.master=local[1]\nspark.ui.enabled=false\n")
    words = ["driver", "--properties-file", str(properties)]
    words += ["--class", "org.apache.spark.deploy.PythonRunner", str(job), "--night"]
    environment = {
        **os.environ,
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "JAVA_HOME": str(java_home()),
        "SPARK_DRIVER_BIND_ADDRESS": "127.0.0.1",
    }
    done = subprocess.run(["bash", str(ENTRY), *words], env=environment, capture_output=True)
    assert done.returncode == 3, done.stderr
    other = subprocess.run(["bash", str(ENTRY), *shlex.split("sh -c 'exit 5'")])
    assert other.returncode == 5


@pytest.mark.campaign
def test_against_the_schemas_of_the_api(rendered):
    validator = pytest.importorskip(
        "kubernetes_validate", reason="pip install kubernetes-validate (108 MB of schemas)"
    )
    found = {**documents(), **rendered}
    assert len(found) == 10
    for version in ("1.31", validator.latest_version()):
        for document in found.values():
            validator.validate(document, version, strict=True)
    broken = documents()["night/CronJob"]
    broken["spec"]["shedule"] = "1 1 * * *"
    with pytest.raises(validator.ValidationError):
        validator.validate(broken, "1.31", strict=True)
