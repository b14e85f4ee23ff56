"""Start, stop and inspect a real HDFS, a real HBase with its Thrift server, and a real Kafka.

    python services/services.py up [hdfs|hbase|kafka ...] --home DIR [--offset N]
    python services/services.py status --home DIR
    python services/services.py kill NAME --home DIR      (SIGKILL, for tests)
    python services/services.py down   --home DIR
    python services/services.py topic NAME ... --home DIR (make topics in that Kafka)
    python services/services.py jars                      (fetch them, where they are not)
    python services/services.py serve hdfs|hbase|kafka ...   (stay in the foreground: containers)

Everything that a set of services writes lies under DIR: conf/, data/, log/, run/. `up` starts what
does not run, of all or of those named, and waits until each answers; --offset, which is added to
every port, is remembered, so that sets with different folders and offsets run side by side. They
listen on loopback unless --host names this machine. The jars of pom.xml and of kafka.xml come from
Maven Central once, into cache folders outside the tree (or $SERVICES_JARS and $KAFKA_JARS, where
they may lie already).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import string
import subprocess
import sys
import time
from pathlib import Path

from clients import ANSWERS, make_topics

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fink_tracklets.errors import UserError  # noqa: E402
from fink_tracklets.spark.jars import maven_jars  # noqa: E402
from fink_tracklets.spark.java import java_home  # noqa: E402

PORTS = {
    "namenode": 8020,
    "namenode_http": 9870,
    "datanode": 9866,
    "datanode_ipc": 9867,
    "datanode_http": 9864,
    "zookeeper": 2181,
    "hbase": 16000,
    "regionserver": 16020,
    "thrift": 9090,
    "kafka": 9092,
    "kafka_controller": 9093,
}
MAIN = {
    "namenode": ("org.apache.hadoop.hdfs.server.namenode.NameNode", "256m"),
    "datanode": ("org.apache.hadoop.hdfs.server.datanode.DataNode", "256m"),
    "hbase": ("org.apache.hadoop.hbase.master.HMaster", "768m"),
    "thrift": ("org.apache.hadoop.hbase.thrift.ThriftServer", "512m"),
    "kafka": ("kafka.Kafka", "512m"),
}
GROUPS = {"hdfs": ("namenode", "datanode"), "hbase": ("hbase", "thrift"), "kafka": ("kafka",)}
CLUSTER = "ZmluayB0cmFja2xldHM_Xw"
"""Kafka's name of its cluster: any 16 bytes in URL-safe base64."""
JVM = (  # HBase 2.6 needs these three opens on Java 17 and newer
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in ("java.lang", "java.lang.reflect", "java.nio")
    ),
    "-Djava.net.preferIPv4Stack=true",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",  # Kafka's
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)
PATIENCE_S = 300.0


def jars(name: str) -> Path:
    """The folder with the jars of a service."""
    if name == "kafka":
        return maven_jars(HERE / "kafka.xml", "KAFKA_JARS")
    return maven_jars(HERE / "pom.xml", "SERVICES_JARS")


def configure(home: Path, given: dict[str, object]) -> dict[str, int]:
    """Write conf/ from the templates; the ports. What was given is kept in services.json."""
    record = home / "services.json"
    before = json.loads(record.read_text()) if record.exists() else {"offset": 0}
    settings = {**before, **{name: value for name, value in given.items() if value is not None}}
    settings.setdefault("host", "localhost")
    ports = {name: port + settings["offset"] for name, port in PORTS.items()}
    for name in ("webapps/hdfs", "webapps/datanode"):  # HDFS wants these, empty ones do
        (home / "conf" / name).mkdir(parents=True, exist_ok=True)
    for name in ("data", "log", "run", "tmp"):
        (home / name).mkdir(exist_ok=True)
    values = {
        "home": home,
        "host": settings["host"],
        "bind": "127.0.0.1" if settings["host"] == "localhost" else "0.0.0.0",
        "kafka_host": "127.0.0.1" if settings["host"] == "localhost" else settings["host"],
        "hdfs": settings.get("hdfs") or f"hdfs://{settings['host']}:{ports['namenode']}",
        **ports,
    }
    for template in (HERE / "conf").iterdir():
        text = string.Template(template.read_text()).safe_substitute(values)
        (home / "conf" / template.name).write_text(text)
    record.write_text(json.dumps({**settings, "ports": ports}, indent=1))
    return ports


def command(home: Path, name: str, *arguments: str) -> list[str]:
    """What starts a service."""
    main, heap = MAIN[name]
    java = [str(java_home() / "bin/java"), f"-Xmx{heap}", *JVM]
    return [*java, "-cp", f"{home}/conf:{jars(name)}/*", main, *arguments]


def kafka_format(home: Path) -> list[str]:
    """What makes Kafka's data folder."""
    java, properties = command(home, "kafka")[:-1], f"{home}/conf/kafka.properties"
    return [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", properties]


def born(number: int) -> str | None:
    """Kernel start time of a living process: with the pid, its identity."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def pid(home: Path, name: str) -> int | None:
    """Process id of a service of this home that is alive, else None."""
    try:
        number, start_time = (home / "run" / f"{name}.pid").read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(number) if born(int(number)) == start_time else None


def start(home: Path, name: str, port: int) -> None:
    """Start a service unless it runs."""
    if pid(home, name):
        return
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"services: port {port} of {name} is taken by another process; use --offset")
    arguments = {"hbase": ["start"], "thrift": ["start"]}.get(name, [])
    if name == "kafka":
        arguments = [f"{home}/conf/kafka.properties"]
    with open(home / "log" / f"{name}.log", "ab") as log:
        process = subprocess.Popen(
            command(home, name, *arguments),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=home,
        )
    (home / "run" / f"{name}.pid").write_text(f"{process.pid} {born(process.pid)}")


def up(home: Path, ports: dict[str, int], groups: list[str]) -> None:
    """Start what does not run and wait until it answers."""
    for group in groups:
        if group == "hdfs" and not (home / "data/namenode/current").exists():
            _format(home, command(home, "namenode", "-format", "-nonInteractive"))
        if group == "kafka" and not (home / "data/kafka/meta.properties").exists():
            _format(home, kafka_format(home))
        begin = time.monotonic()
        for name in GROUPS[group]:
            start(home, name, ports[name])
        while not ANSWERS[group](ports):
            dead = [name for name in GROUPS[group] if not pid(home, name)]
            if dead or time.monotonic() - begin > PATIENCE_S:
                what = f"{dead[0]} has died" if dead else f"no answer in {PATIENCE_S:.0f} s"
                sys.exit(f"services: {group}: {what}; see {home / 'log'}")
            time.sleep(0.2)
        print(f"{group} answers after {time.monotonic() - begin:.1f} s", flush=True)


def _format(home: Path, line: list[str]) -> None:
    with open(home / "log/format.log", "ab") as log:
        subprocess.run(line, check=True, stdout=log, stderr=log)


def stop(home: Path, name: str, how: int) -> None:
    """End a service; one that does not heed SIGTERM for 10 s is killed."""
    number = pid(home, name)
    if number:
        os.kill(number, how)
        end = time.monotonic() + 10
        while pid(home, name):
            if time.monotonic() > end:
                os.kill(number, signal.SIGKILL)
            time.sleep(0.05)
        if how == signal.SIGKILL:
            _await_free(home, name)
    (home / "run" / f"{name}.pid").unlink(missing_ok=True)


def _await_free(home: Path, name: str) -> None:
    """The leader of a killed process is gone while its other threads still hold the port."""
    port = json.loads((home / "services.json").read_text())["ports"][name]
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)


def down(home: Path) -> None:
    """Stop all, the last started first."""
    for name in reversed(MAIN):
        stop(home, name, signal.SIGTERM)


def serve(home: Path, ports: dict[str, int], group: str) -> None:
    """Start one group and stay; end with it, or on SIGTERM stop it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        up(home, ports, [group])
        while all(pid(home, name) for name in GROUPS[group]):
            time.sleep(1)
        sys.exit(f"services: a service of {group} has died; see {home / 'log'}")
    finally:
        down(home)


def status(home: Path) -> None:
    """One line for each service."""
    for name in MAIN:
        number = pid(home, name)
        print(f"{name:9} {f'pid {number}' if number else 'down'}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "action", choices=["up", "down", "status", "kill", "topic", "serve", "answers", "jars"]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join({**MAIN, **GROUPS}))
    parser.add_argument("--home", default=".services", type=lambda text: Path(text).resolve())
    parser.add_argument("--offset", type=int, help="added to every port")
    parser.add_argument("--host", help="name by which others reach this machine")
    parser.add_argument("--hdfs", help="address of an HDFS that runs elsewhere")
    options = parser.parse_args()
    action = options.action
    known = {"kill": MAIN, "serve": GROUPS, "answers": GROUPS, "up": GROUPS, "jars": GROUPS}
    if action == "topic":
        make_topics(
            json.loads((options.home / "services.json").read_text())["ports"], options.names
        )
        return
    allowed, several = list(known.get(action, [])), action in ("up", "jars")
    if not set(options.names) <= set(allowed) or (not several and allowed and not options.names):
        parser.error(f"{action} takes {' or '.join(allowed) or 'no name'}")
    if len(options.names) > 1 and not several:
        parser.error(f"{action} takes one name")
    if action == "jars":
        for folder in dict.fromkeys(jars(name) for name in options.names or GROUPS):
            print(folder)
        return
    if action == "kill":
        stop(options.home, options.names[0], signal.SIGKILL)
    elif action == "down":
        down(options.home)
    elif action == "answers":  # a container's health check
        ports = json.loads((options.home / "services.json").read_text())["ports"]
        sys.exit(not ANSWERS[options.names[0]](ports))
    elif action in ("up", "serve"):
        options.home.mkdir(parents=True, exist_ok=True)
        given = {name: getattr(options, name) for name in ("offset", "host", "hdfs")}
        ports = configure(options.home, given)
        if action == "serve":
            serve(options.home, ports, options.names[0])
        up(options.home, ports, options.names or list(GROUPS))
    status(options.home)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"services: {error}")
