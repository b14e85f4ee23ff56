"""A Kerberos realm, and HDFS and HBase in it, for one test: Debian's krb5-kdc on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import SCRIPT, free_offset

REALM = "FINK.TEST"
PASSWORD = "not-a-secret-of-anyone"
"""Of the realm's database and the key store."""
TOOLS = ("kdb5_util", "kadmin.local", "krb5kdc", "openssl")


class Realm:
    """A KDC with its keytabs and a certificate for localhost in one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (home / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\n"
            f"dns_canonicalize_hostname = false\nudp_preference_limit = 1\n"
            f"[realms]\n{REALM} = {{\nkdc = 127.0.0.1:{port}\n}}\n"
        )
        (home / "kdc.conf").write_text(
            f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n"
            f"[realms]\n{REALM} = {{\ndatabase_name = {home}/principal\n"
            f"key_stash_file = {home}/stash\n}}\n"
        )
        self.environment = {
            **os.environ,
            "KRB5_CONFIG": str(home / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(home / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{home}/tickets",
            "JAVA_TOOL_OPTIONS": f"-Djava.security.krb5.conf={home}/krb5.conf",
        }
        self.call("kdb5_util", "create", "-s", "-r", REALM, "-P", PASSWORD)
        for principal in ("hdfs/localhost", "hbase/localhost", "HTTP/localhost", "operator"):
            self.call("kadmin.local", "-q", f"addprinc -randkey {principal}")
            keytab = self.keytab(principal)
            self.call("kadmin.local", "-q", f"ktadd -k {keytab} {principal}")
        self.call(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(home / "key.pem"), "-out", str(home / "certificate.pem")),
        )
        self.call(
            *("openssl", "pkcs12", "-export", "-name", "localhost"),
            *("-inkey", str(home / "key.pem"), "-in", str(home / "certificate.pem")),
            *("-out", str(home / "keys.p12"), "-passout", f"pass:{PASSWORD}"),
        )

    def keytab(self, principal: str) -> Path:
        return self.home / f"{principal.split('/')[0]}.keytab"

    def call(self, *command: str) -> None:
        """Run a tool of Kerberos."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout

    def as_operator(self) -> dict[str, str]:
        """The environment of who has the operator's keytab."""
        return {**self.environment, "KRB5_CLIENT_KTNAME": str(self.keytab("operator"))}

    @contextmanager
    def running(self) -> Iterator[Realm]:
        """With its KDC."""
        kdc = subprocess.Popen(["krb5kdc", "-n"], env=self.environment)
        try:
            yield self
        finally:
            kdc.terminate()
            kdc.wait()


@contextmanager
def realm(home: Path) -> Iterator[Realm]:
    """A realm, or a skip where Kerberos' tools are not installed."""
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        pytest.skip(f"apt-get install krb5-kdc krb5-admin-server openssl: no {missing[0]}")
    pytest.importorskip("gssapi", reason="pip install gssapi (with libkrb5-dev and gcc)")
    with Realm(home).running() as found:
        yield found


def secured(found: Realm, qop: str) -> dict[str, dict[str, str]]:
    """What HDFS's and HBase's files have more than without Kerberos."""
    hdfs, hbase = (f"{name}/localhost@{REALM}" for name in ("hdfs", "hbase"))
    web, key = f"HTTP/localhost@{REALM}", str
    return {
        "core-site.xml": {
            "hadoop.security.authentication": "kerberos",
            "hadoop.security.authorization": "true",
            # The Thrift server acts for whom it was introduced to.
            "hadoop.proxyuser.hbase.hosts": "*",
            "hadoop.proxyuser.hbase.groups": "*",
            "hadoop.http.filter.initializers": "org.apache.hadoop.hdfs.web.AuthFilterInitializer",
            "hadoop.http.authentication.type": "kerberos",
            "hadoop.http.authentication.kerberos.principal": web,
            "hadoop.http.authentication.kerberos.keytab": key(found.keytab("HTTP")),
        },
        "hdfs-site.xml": {
            "dfs.namenode.kerberos.principal": hdfs,
            "dfs.namenode.keytab.file": key(found.keytab("hdfs")),
            "dfs.datanode.kerberos.principal": hdfs,
            "dfs.datanode.keytab.file": key(found.keytab("hdfs")),
            "dfs.block.access.token.enable": "true",
            "ignore.secure.ports.for.testing": "true",
            "dfs.http.policy": "HTTP_AND_HTTPS",
        },
        "ssl-server.xml": {
            "ssl.server.keystore.location": str(found.home / "keys.p12"),
            "ssl.server.keystore.type": "pkcs12",
            "ssl.server.keystore.password": PASSWORD,
            "ssl.server.keystore.keypassword": PASSWORD,
        },
        "hbase-site.xml": {
            "hbase.security.authentication": "kerberos",
            "hbase.unsafe.stream.capability.enforce": "false",
            **{
                f"hbase.{role}.kerberos.principal": hbase
                for role in ("master", "regionserver", "thrift")
            },
            **{
                f"hbase.{role}.keytab.file": key(found.keytab("hbase"))
                for role in ("master", "regionserver", "thrift")
            },
            "hbase.thrift.security.qop": qop,
        },
    }


def properties(values: dict[str, str]) -> str:
    return "".join(
        f"<property><name>{name}</name><value>{value}</value></property>\n"
        for name, value in values.items()
    )


@contextmanager
def in_realm(
    found: Realm, home: Path, group: str, monkeypatch: pytest.MonkeyPatch, qop: str = "auth"
) -> Iterator[dict[str, int]]:
    """HDFS, or HBase on a local folder, with Kerberos; its ports."""
    sys.path.insert(0, str(SCRIPT.parent))
    import services

    monkeypatch.setenv("JAVA_TOOL_OPTIONS", found.environment["JAVA_TOOL_OPTIONS"])
    home.mkdir()
    offset = free_offset()
    given = {"offset": offset, "hdfs": f"file://{home}" if group == "hbase" else None}
    ports = services.configure(home, given)
    more = secured(found, qop)
    https = {
        "dfs.namenode.https-address": f"localhost:{9871 + offset}",
        "dfs.datanode.https.address": f"localhost:{9865 + offset}",
    }
    more["hdfs-site.xml"] |= https
    for name, values in more.items():
        file = home / "conf" / name
        text = file.read_text() if file.exists() else "<configuration>\n</configuration>\n"
        file.write_text(text.replace("</configuration>", f"{properties(values)}</configuration>"))
    # Who asks without a ticket is not answered: it is enough that they listen.
    last = {"hdfs": ("namenode_http", "datanode_http"), "hbase": ("thrift",)}
    answers = {
        name: lambda ports, last=those: all(_listens(ports[one]) for one in last)
        for name, those in last.items()
    }
    monkeypatch.setattr(services, "ANSWERS", answers)
    try:
        services.up(home, ports, [group])
        yield {**ports, "https": 9871 + offset}
    finally:
        services.down(home)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
