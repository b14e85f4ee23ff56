"""Real servers for tests: started by services/services.py as operators start them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import happybase
import pytest

from fink_tracklets.hbase.cells import decode
from fink_tracklets.survey.config import conf_folder

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "services" / "services.py"


class Services:
    """HDFS and HBase, or others, with their data in one folder."""

    def __init__(self, home: Path, *groups: str) -> None:
        self.home, self.groups = home, groups or ("hdfs", "hbase")

    def resolve(self) -> None:
        """Have the jars, or skip; with CI=true, fail."""
        done = self._script("jars", *self.groups)
        if done.returncode:
            refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            refuse(done.stderr.strip() or done.stdout.strip())

    def up(self) -> None:
        """Start what does not run."""
        offset = [] if (self.home / "services.json").exists() else ["--offset", str(free_offset())]
        done = self._script("up", *self.groups, *offset)
        assert done.returncode == 0, done.stdout + done.stderr
        self.ports = json.loads((self.home / "services.json").read_text())["ports"]

    def kill(self, name: str) -> None:
        """SIGKILL one service."""
        assert self._script("kill", name).returncode == 0

    def down(self) -> None:
        """Stop all."""
        self._script("down")

    @property
    def hdfs(self) -> str:
        return f"hdfs://localhost:{self.ports['namenode']}"

    @property
    def webhdfs(self) -> str:
        return f"http://localhost:{self.ports['namenode_http']}"

    @property
    def thrift(self) -> str:
        return f"127.0.0.1:{self.ports['thrift']}"

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{self.ports['kafka']}"

    def connection(self) -> happybase.Connection:
        return happybase.Connection("127.0.0.1", self.ports["thrift"], timeout=60_000)

    def _script(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), *arguments, "--home", str(self.home)]
        return subprocess.run(command, capture_output=True, text=True, timeout=900)


def free_offset() -> int:
    """What to add to the ports so that none is taken."""
    sys.path.insert(0, str(SCRIPT.parent))
    import services

    for offset in range(1000 + os.getpid() % 97 * 100, 45_000, 700):
        if not any(listens(port + offset) for port in services.PORTS.values()):
            return offset
    raise AssertionError("no free ports")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Tables:
    """Two tables of one test, and the configuration that names them."""

    numbers = itertools.count(1)

    def __init__(self, services: Services, conf: Path) -> None:
        self.services, self.conf = services, conf
        number = f"{os.getpid()}n{next(self.numbers)}"
        self.tracklets, self.alerts = f"ztf{number}.tracklet", f"ztf{number}"
        self.rubin_tracklets, self.rubin_sources = (
            f"rubin{number}.tracklet",
            f"rubin{number}.static",
        )
        self.address = services.thrift
        conf.mkdir()
        text = (conf_folder() / "hbase.toml").read_text()
        (conf / "hbase.toml").write_text(text)
        self.set(
            port=services.ports["thrift"],
            host="127.0.0.1",
            timeout_s=5.0,
            attempts=3,
            first_wait_s=0.1,
            longest_wait_s=0.5,
        )
        text = (conf / "hbase.toml").read_text()
        text = text.replace('"ztf.tracklet"', f'"{self.tracklets}"')
        text = text.replace('"rubin.tracklet"', f'"{self.rubin_tracklets}"')
        text = text.replace('"rubin.diaSource_static"', f'"{self.rubin_sources}"')
        (conf / "hbase.toml").write_text(text.replace('"ztf"', f'"{self.alerts}"'))
        hadoop = f'[webhdfs]\n"{services.hdfs}" = "{services.webhdfs}"\n'
        (conf / "hadoop.toml").write_text(hadoop)

    @property
    def connection(self) -> happybase.Connection:
        """A new one: the server drops those that are idle for a minute."""
        return self.services.connection()

    def set(self, **values: object) -> None:
        """Change settings in conf/hbase.toml."""
        file = self.conf / "hbase.toml"
        text = file.read_text()
        for name, value in values.items():
            text, n = re.subn(rf"^{name} = .*$", f"{name} = {json.dumps(value)}", text, flags=re.M)
            assert n == 1, name
        file.write_text(text)

    def fill(self, keys: list[str]) -> None:
        """Rows as the broker's, for these alerts."""
        families = {family: {} for family in "ida"}
        self.connection.create_table(self.alerts, families)
        with self.connection.table(self.alerts).batch() as batch:
            for key in keys:
                batch.put(key, {b"i:objectId": key.split("_")[0].encode(), b"d:cdsxmatch": b"star"})

    def scan(self, table: str) -> dict[str, dict[str, bytes]]:
        """All of a table but its schema row."""
        rows = self.connection.table(table).scan()
        return {
            key.decode(): {column.decode(): value for column, value in cells.items()}
            for key, cells in rows
            if not key.startswith(b"schema_")
        }

    def types(self) -> dict[str, str]:
        """Column to type, from the schema row."""
        row = self.connection.table(self.tracklets).row(b"schema_fink_tracklets_1")
        return {column.decode(): given.decode() for column, given in row.items()}

    def decoded(self) -> dict[str, dict[str, object]]:
        """The tracklets' table as a reader has it that knows only the schema row."""
        types = self.types()
        return {
            key: {column: decode(value, types[column]) for column, value in cells.items()}
            for key, cells in self.scan(self.tracklets).items()
        }

    def marks(self) -> dict[str, str]:
        """Alert row to tracklet, of those that have one."""
        rows = self.scan(self.alerts).items()
        return {key: cells["d:tracklet"].decode() for key, cells in rows if "d:tracklet" in cells}


class Proxy:
    """Stands before the real Thrift server and cuts connections when it is told to."""

    def __init__(self, port: int) -> None:
        self.server_port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.accepted = 0
        self.lose_answers = 0
        """So many of the next answers are not passed on; the connection is cut instead."""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections."""
        while self.open:
            hang_up(self.open.pop())

    def close(self) -> None:
        """Refuse new connections, too."""
        hang_up(self.listener)
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                client = self.greet(client)
            except OSError:  # it did not trust us
                continue
            server = socket.create_connection(("127.0.0.1", self.server_port))
            self.open += [client, server]
            for source, target, answers in ((client, server, False), (server, client, True)):
                arguments = (source, target, answers)
                threading.Thread(target=self._pass, args=arguments, daemon=True).start()

    def greet(self, client: socket.socket) -> socket.socket:
        """What a client that was accepted is spoken to through."""
        return client

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while content := source.recv(1 << 16):
                if answers and self.lose_answers:
                    self.lose_answers -= 1
                    break
                target.sendall(content)
        except OSError:
            pass
        hang_up(source)
        hang_up(target)


def hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was first
        end.shutdown(socket.SHUT_RDWR)
