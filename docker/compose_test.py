"""Build the images, bring the compose file up, run a night through it, take it down.

    make compose-test                  with docker compose, or else podman and podman-compose
    make compose-test STAND_INS=FOLDER with the base images that docker/stand_ins.sh left there

A simulated night goes to the stack's HDFS, the job runs as the header of docker-compose.yml says,
`verify` compares store and HBase, the service is asked, the same alerts go through the stream into
a topic of the stack's Kafka. Each step is a line with its time; the
first that fails ends the run (exit code 1) with what it printed. The stack has a name of its own,
and all of it is taken down.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docker-compose.yml"
NIGHT = "20211022"
IMAGES = ("job", "serve", "services")
STACK = ("hdfs", "hbase", "spark-master", "spark-worker")
"""What the job needs."""
STORE = "hdfs://hdfs:8020/tracklets"
PATIENCE_S = 300
LINES = 40
"""Fewer than these spark-submit may print."""


class Failed(Exception):
    """A step failed; the text says what it printed."""


@dataclass(frozen=True)
class Engine:
    """How images are built and containers run."""

    program: str
    compose: tuple[str, ...]
    build: tuple[str, ...]
    environment: dict[str, str]
    prefix: str

    def image(self, target: str) -> str:
        """The name that the compose file has for a target."""
        return f"{self.prefix}fink-tracklets-{target}:0.1.0"


def find_engine(stand_ins: Path | None) -> Engine:
    """Docker, else podman."""
    project = ("-f", str(FILE), "-p", "fink-tracklets-test")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if (
        stand_ins is None
        and answers(["docker", "compose", "version"])
        and answers(["docker", "info"])
    ):
        return Engine("docker", ("docker", "compose", *project), (), environment, "")
    for program in ("podman", "podman-compose"):
        if not shutil.which(program, path=environment["PATH"]):
            raise Failed(
                f"Neither a Docker engine nor {program} is here: install Docker, or podman and "
                "podman-compose (pip install podman-compose)."
            )
    build: tuple[str, ...] = ("--layers",)
    if stand_ins is not None:
        if not (stand_ins / "store").is_dir():
            raise Failed(f"{stand_ins} has no images: docker/stand_ins.sh makes them.")
        environment |= podman_settings(stand_ins)
        build += ("--pull=never", "--isolation=chroot", "--network=host")
    return Engine("podman", ("podman-compose", *project), build, environment, "localhost/")


def podman_settings(folder: Path) -> dict[str, str]:
    """Settings of podman for a machine without systemd whose root may not raise its limits."""
    folder = folder.resolve()
    storage, containers = folder / "storage.conf", folder / "containers.conf"
    storage.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/store"\nrunroot = "{folder}/run"\n'
    )
    containers.write_text(
        '[containers]\ndefault_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]\n'
        'log_driver = "k8s-file"\n[engine]\ncgroup_manager = "cgroupfs"\nruntime = "runc"\n'
        'events_logger = "file"\n[network]\nnetwork_backend = "netavark"\n'
    )
    return {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(containers)}


def answers(command: Sequence[str]) -> bool:
    """Whether a program is there and succeeds."""
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True).returncode == 0


@contextmanager
def step(name: str) -> Iterator[None]:
    """A line for what is done, with its time."""
    begin = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - begin:.0f} s", flush=True)


class Stack:
    """The containers of one test."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.services = yaml.safe_load(FILE.read_text())["services"]

    def call(self, *command: str, stdin: Path | None = None) -> str:
        """What a command prints; its failure ends the test."""
        with open(stdin or os.devnull, "rb") as given:
            done = subprocess.run(
                command,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self.engine.environment,
                cwd=ROOT,
            )
        said = done.stdout.decode(errors="replace")
        if done.returncode:
            tail = "\n".join(said.splitlines()[-40:])
            raise Failed(f"{' '.join(command)}\nended with {done.returncode}:\n{tail}")
        return said

    def compose(self, *words: str, stdin: Path | None = None) -> str:
        """`docker compose` or `podman-compose` with these words."""
        return self.call(*self.engine.compose, *words, stdin=stdin)

    def build(self, target: str, context: Path) -> None:
        """Build an image."""
        tag = ("--target", target, "--tag", self.engine.image(target))
        self.call(self.engine.program, "build", *self.engine.build, *tag, str(context))

    def size(self, target: str) -> int:
        """Of an image [MB]."""
        form = ("--format", "{{.Size}}", self.engine.image(target))
        return int(self.call(self.engine.program, "image", "inspect", *form)) // 1_000_000

    def wait(self, name: str) -> None:
        """Until a service's own health check succeeds."""
        check = self.services[name]["healthcheck"]["test"][1:]
        self.until(lambda: self.compose("exec", "-T", name, *check))

    def until(self, call: Callable[[], str]) -> str:
        """What a call answers when it no longer fails."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return call()
            except (Failed, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(2)

    def logs(self) -> str:
        """The last lines of each container that there is."""
        said = []
        for name in (*STACK, "kafka"):
            with suppress(Failed):
                said.append(f"--- {name}\n{self.compose('logs', '--tail', '15', name)}")
        return "\n".join(said)


def put_alerts(stack: Stack, folder: Path) -> None:
    """A night's Parquet files into the stack's HDFS, by Hadoop's own shell."""
    shell = ("java", "-cp", "/data/conf:/opt/jars/*", "org.apache.hadoop.fs.FsShell")
    there = ("exec", "-T", "hdfs", *shell)
    stack.compose(*there, "-mkdir", "-p", "/alerts")
    for file in sorted(folder.glob("*.parquet")):
        stack.compose(*there, "-put", "-", f"/alerts/{file.name}", stdin=file)


def run_job(stack: Stack) -> int:
    """The night's job, as the header of the compose file has it; how many lines it prints."""
    words = ("--night", NIGHT, "--alerts", "hdfs://hdfs:8020/alerts", "--store", STORE, "--hbase")
    said = stack.compose("--profile", "job", "run", "--rm", "--no-deps", "-T", "job", *words)
    print("\n".join(f"    {line}" for line in said.splitlines()))
    if "tracklets" not in said:
        raise Failed(f"The job says nothing of tracklets:\n{said}")
    return len(said.splitlines())


def verify(stack: Stack) -> None:
    """Store and HBase, cell by cell."""
    command = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "fink-tracklets", "job")
    words = ("verify", "--night", NIGHT, "--store", STORE, "--hbase")
    print("    " + stack.compose("--profile", "job", *command, *words).strip().splitlines()[-1])


def stream(stack: Stack) -> None:
    """The same alerts as a lake, through the stream into a topic of the stack's Kafka."""
    program = ("python3", "services/services.py", "topic", "fink_tracklet_ztf", "--home", "/data")
    stack.compose("exec", "-T", "kafka", *program)
    words = ("--night", NIGHT, "--lake", "hdfs://hdfs:8020/alerts", "--once")
    words += ("--out-topic", "fink_tracklet_ztf", "--bootstrap", "kafka:9092")
    words += ("--state", f"/state/{NIGHT}")
    command = ("--profile", "stream", "run", "--rm", "--no-deps", "-T", "stream")
    said = stack.compose(*command, *words)
    print(f"    {said.strip().splitlines()[-1]}")
    if " alerts new" not in said:
        raise Failed(f"The stream names no alerts:\n{said}")


def ask_service(stack: Stack) -> None:
    """The broker's call for the night's date, over the port of this machine."""
    url = f"http://127.0.0.1:8000/api/v1/tracklet?date={NIGHT[:4]}-{NIGHT[4:6]}-{NIGHT[6:]}"

    def ask() -> str:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())

    stack.compose("--profile", "serve", "up", "--detach", "--no-build", "--no-deps", "serve")
    rows = json.loads(stack.until(ask))
    if not rows:
        raise Failed(f"{url} answers no rows")
    print(f"    {url}: {len(rows)} alerts in tracklets")


def context_of(folder: Path) -> Path:
    """A copy of what git has, so that a line can be changed in it."""
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, files.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


def test(stack: Stack, work: Path) -> None:
    """All steps."""
    context = context_of(work / "context")
    for target in IMAGES:
        with step(f"building {target}"):
            stack.build(target, context)
    print("    " + ", ".join(f"{target} {stack.size(target):,} MB" for target in IMAGES))
    with step("simulating a night"):
        program = (sys.executable, "-m", "fink_tracklets", "simulate", "--night", NIGHT)
        stack.call(*program, "--out", str(work / "night"))
    with step("up: HDFS, HBase, Spark"):
        for name in STACK:  # one by one: podman 4 does not wait for what one depends on
            stack.compose("up", "--detach", "--no-build", "--no-deps", name)
            stack.wait(name)
    with step("the night's alerts into HDFS"):
        put_alerts(stack, work / "night" / "alerts")
    with step("the job"):
        lines = run_job(stack)
    print(f"    {lines} lines on the console")
    if lines >= LINES:
        raise Failed(f"spark-submit printed {lines} lines, and shall print fewer than {LINES}.")
    with step("verify"):
        verify(stack)
    with step("the service"):
        ask_service(stack)
    with step("up: Kafka"):
        stack.compose("up", "--detach", "--no-build", "--no-deps", "kafka")
        stack.wait("kafka")
    with step("the stream"):
        stream(stack)
    with open(context / "fink_tracklets" / "errors.py", "a") as code:
        code.write("# One line more.\n")
    with step("building all again after a change of one line of code"):
        for target in IMAGES:
            stack.build(target, context)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stand-ins", type=Path, metavar="FOLDER", help="of docker/stand_ins.sh")
    options = parser.parse_args()
    try:
        engine = find_engine(options.stand_ins)
    except Failed as failure:
        print(f"compose-test: {failure}", file=sys.stderr)
        return 1
    stack = Stack(engine)
    print(f"with {engine.program}")
    well = True
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(stack, Path(folder))
        except Failed as failure:
            well = False
            print(f"compose-test: FAILED: {failure}\n{stack.logs()}", file=sys.stderr)
        finally:
            with step("down"):
                profiles = ("--profile", "serve", "--profile", "job", "--profile", "stream")
                stack.compose(*profiles, "down", "--volumes")
    print(f"compose-test: {'all is well' if well else 'failed'}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
