"""HDFS and HBase as an operator secures them, and that no secret is where it can be read."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.hbase.client import HBase
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.secure.tls import tls_context
from fink_tracklets.survey.config import conf_folder
from tests.conftest import ROOT
from tests.kdc import PASSWORD, in_realm, realm
from tests.services import Proxy
from tests.test_hbase import NIGHT

SECRET = re.compile(
    r"(?i)(pass(word|wd|phrase)|secret|token|credential|private[_-]?key)s?[\"']?\s*[:=]\s*(?!false)\S"
)


def test_no_secret_in_what_is_shipped():
    """Settings, manifests of Kubernetes, images and compose file name files, never secrets."""
    folders = ("conf", "docker", "deploy", "services", "jobs")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file()]
    files += [ROOT / "Dockerfile", ROOT / "docker-compose.yml"]
    assert len(files) > 20
    for file in files:
        if file.suffix != ".pyc":
            found = SECRET.search(file.read_text())
            assert found is None, f"{file}: {found[0]}"
            assert "BEGIN " not in file.read_text(), file


def test_certificates_that_cannot_be_read_are_named(tmp_path):
    file = tmp_path / "ca.pem"
    with pytest.raises(UserError, match=rf"certificates {file} \(ca_file in conf/\) cannot"):
        tls_context(str(file))
    file.write_text("not a certificate")
    with pytest.raises(UserError, match=rf"certificates {file} \(ca_file in conf/\) cannot"):
        tls_context(str(file))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with realm(tmp_path_factory.mktemp("kerberos") / "realm") as found:
        yield found


def conf(folder: Path, name: str, **values: str) -> None:
    """A file of conf/ with other values."""
    text = (conf_folder() / name).read_text()
    for key, value in values.items():
        text, n = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert n == 1, key
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def command(environment: dict[str, str], *words: str) -> tuple[int, str]:
    """The exit code of one of ours, and all that it says: no secret."""
    line = [sys.executable, "-m", "fink_tracklets", *words]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert PASSWORD not in said
    return done.returncode, said


@pytest.mark.campaign
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_store_on_an_hdfs_with_kerberos(ours, stored, tmp_path, monkeypatch, scheme):
    with in_realm(ours, tmp_path / "hdfs", "hdfs", monkeypatch) as ports:
        address = f"hdfs://localhost:{ports['namenode']}"
        web = ports["https" if scheme == "https" else "namenode_http"]
        put(ours, tmp_path / "hdfs", stored)
        conf(tmp_path / "conf", "hadoop.toml", kerberos="true")
        file = tmp_path / "conf" / "hadoop.toml"
        said = file.read_text().replace("hdfs://localhost:8020", address)
        said = said.replace("http://localhost:9870", f"{scheme}://localhost:{web}")
        said = said.replace('ca_file = ""', f'ca_file = "{ours.home}/certificate.pem"')
        file.write_text(said)
        ticket = {**ours.as_operator(), "FINK_TRACKLETS_CONF": str(tmp_path / "conf")}
        words = ("verify", "--night", NIGHT, "--store", f"{address}/store")
        code, text = command(ticket, *words)
        assert (code, "whole and consistent" in text) == (0, True), text
        none = {**ticket, "KRB5_CLIENT_KTNAME": "/nowhere", "KRB5CCNAME": "FILE:/nowhere"}
        code, text = command(none, *words)
        assert code == 2
        assert re.search(r"Kerberos gives no ticket for HTTP@localhost: .* Run kinit", text)
        file.write_text(said.replace("kerberos = true", "kerberos = false"))
        code, text = command(ticket, *words)
        assert code == 3
        assert "WebHDFS refuses" in text
        assert "Authentication required" in text
        if scheme == "https":
            file.write_text(said.replace(f"{ours.home}/certificate.pem", ""))
            code, text = command(ticket, *words)
            assert code == 3
            assert "certificate verify failed" in text


def put(ours, home: Path, store: Path) -> None:
    """A store into the HDFS of the realm, by Hadoop's shell."""
    sys.path.insert(0, str(ROOT / "services"))
    import services

    ours.call("kinit", "-kt", str(ours.keytab("hdfs")), "hdfs/localhost")
    java = services.command(home, "namenode")[:-1]
    ours.call(*java, "org.apache.hadoop.hdfs.tools.DFSAdmin", "-safemode", "wait")
    ours.call(*java, "org.apache.hadoop.fs.FsShell", "-put", str(store), "/store")
    ours.call("kdestroy")


@pytest.mark.campaign
@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth-conf"])
def test_an_hbase_with_kerberos_behind_tls(ours, stored, tmp_path, monkeypatch, qop):
    with in_realm(ours, tmp_path / "hbase", "hbase", monkeypatch, qop) as ports:
        settings = {
            "host": '"localhost"',
            "port": str(TlsProxy(ports["thrift"], ours.home).port),
            "tls": "true",
            "ca_file": f'"{ours.home}/certificate.pem"',
            "kerberos_service": '"hbase"',
        }
        conf(tmp_path / "conf", "hbase.toml", **settings)
        ticket = {**ours.as_operator(), "FINK_TRACKLETS_CONF": str(tmp_path / "conf")}
        for name, value in ticket.items():
            monkeypatch.setenv(name, value)
        store = shutil.copytree(stored, tmp_path / "store")
        words = ("--night", NIGHT, "--store", str(store), "--hbase")
        with HBase(load_hbase(), print) as hbase:
            hbase.need_table("ztf", ["i", "d"])
        code, text = command(ticket, "publish", *words)
        assert (code, "15 rows in ztf.tracklet" in text) == (0, True), text
        code, text = command(ticket, "verify", *words)
        assert (code, "whole and consistent" in text) == (0, True), text
        none = {**ticket, "KRB5_CLIENT_KTNAME": "/nowhere", "KRB5CCNAME": "FILE:/nowhere"}
        code, text = command(none, "verify", *words)
        assert code == 2
        assert "Kerberos gives no ticket for hbase@localhost: " in text
        for name, refused in (("kerberos_service", "failed: "), ("ca_file", "certificate verify")):
            conf(tmp_path / "conf", "hbase.toml", **{**settings, name: '""', "attempts": "1"})
            code, text = command(ticket, "verify", *words)
            assert (code, refused in text) == (3, True), text


class TlsProxy(Proxy):
    """Ends TLS before the Thrift server, which has none on its sockets."""

    def __init__(self, port: int, home: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(home / "certificate.pem", home / "key.pem")
        super().__init__(port)

    def greet(self, client: socket.socket) -> socket.socket:
        return self.context.wrap_socket(client, server_side=True)
