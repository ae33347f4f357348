"""What an operator may set: from the environment and one file, every problem told at once.

A setting `smtp_url` is the environment variable `MAKEGOOD_SMTP_URL`, or `MAKEGOOD_SMTP_URL_FILE`
with the path of a file that holds the value, or the line `smtp_url = "…"` in `makegood.toml` of
the data folder (or the file that MAKEGOOD_CONFIG names). The environment wins over the file.
Only bootstrap, the command line, the process tree and doctor read this.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from makegood.base.trouble import CannotRun

PREFIX = "MAKEGOOD_"
_CONFIG = "MAKEGOOD_CONFIG"
_WITHOUT_PREFIX = {"database_url": "DATABASE_URL"}
_SECRETS = frozenset({"database_url", "vault_keys", "smtp_url", "metrics_key"})

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=64)]
Workers = Annotated[int, Meta(ge=0, le=64)]
DemoOrders = Annotated[int, Meta(ge=10, le=100_000)]
DemoClaims = Annotated[int, Meta(ge=0, le=5_000)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its default; the descriptions make the table in docs/operating.md."""

    data: Annotated[
        str,
        Meta(
            description="Folder for the database, files and keys; empty: `data` beside the program."
        ),
    ] = ""
    database_url: Annotated[
        str,
        Meta(
            pattern="^$|^postgres(ql)?://",
            description="A PostgreSQL 15+ of your own; empty starts the embedded one.",
        ),
    ] = ""
    postgres_bin: Annotated[
        str, Meta(description="Folder with the server programs for the embedded database.")
    ] = ""
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port to listen on; 0 takes any free one.")] = 8000
    public_url: Annotated[
        str,
        Meta(
            pattern="^$|^https?://[^/]+$",
            description="Address that people type, for links in mails; empty: http://HOST:PORT.",
        ),
    ] = ""
    market: Annotated[
        str,
        Meta(pattern="^[a-z0-9-]{1,40}$", description="Id of the market served at `/`."),
    ] = "main"
    web_processes: Annotated[Count, Meta(description="Processes that answer requests.")] = 1
    worker_processes: Annotated[Workers, Meta(description="Processes that carry out jobs.")] = 1
    vault_keys: Annotated[
        str,
        Meta(
            pattern=r"^$|^\s*([0-9a-fA-F]{64}\s*)+$",
            description="Root keys in hex, one per line, newest last; "
            "empty: made once in DATA/keys/vault.keys.",
        ),
    ] = ""
    log_copy: Annotated[
        str,
        Meta(
            description="Folder that keeps the log's last checkpoint; on another disk or host, so "
            "that nobody can set both back. Empty: `DATA/log-copy`."
        ),
    ] = ""
    smtp_url: Annotated[
        str,
        Meta(
            pattern="^$|^smtps?://",
            description="Mail server: smtp://user:password@host:port (STARTTLS if offered) "
            "or smtps://…; empty: mails wait, three days at most.",
        ),
    ] = ""
    mail_from: Annotated[
        str, Meta(pattern=r"^[^@\s]+@[^@\s]+$", description="Sender of all mails.")
    ] = "makegood@localhost"
    trusted_proxies: Annotated[
        str, Meta(description="Addresses of proxies whose X-Forwarded-For is believed.")
    ] = "127.0.0.1"
    metrics_key: Annotated[
        str, Meta(description="Bearer key for /metrics from elsewhere; empty: loopback only.")
    ] = ""
    log_format: Annotated[
        Literal["auto", "json", "console"], Meta(description="`auto`: console on a terminal.")
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least serious line shown.")
    ] = "info"
    demo: Annotated[
        bool, Meta(description="Set by `--demo`: an invented market, on loopback only.")
    ] = False
    demo_orders: Annotated[
        DemoOrders, Meta(description="How many orders a new demo invents, claimed ones included.")
    ] = 5000
    demo_claims: Annotated[
        DemoClaims, Meta(description="How many of them are claimed about; more take longer.")
    ] = 600

    @property
    def folder(self) -> Path:
        """The data folder as an absolute path."""
        return _data_folder(self.data)

    @property
    def address(self) -> str:
        """What people type to reach the site, without a slash at the end."""
        return self.public_url or f"http://{_in_url(self.host)}:{self.port}"


class WrongSettings(CannotRun):
    """Settings that cannot be used: every problem, one line each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of this environment and its file; raises WrongSettings with all problems."""
    problems: list[str] = []
    written = _from_file(environ, problems)
    given = {**written, **_from_environment(environ, problems)}
    values = {name: _fit(name, text, problems) for name, text in given.items()}
    if problems:
        raise WrongSettings(problems)
    return msgspec.convert(values, Settings)


def to_environment(settings: Settings) -> dict[str, str]:
    """The same settings as environment variables, for child processes."""
    values = msgspec.to_builtins(settings)
    return {
        variable(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return _WITHOUT_PREFIX.get(name, PREFIX + name.upper())


def settings_table() -> str:
    """The table of all settings in Markdown, for the manual."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        default = f"`{str(field.default).lower() if field.default is False else field.default}`"
        shown = "" if field.default == "" else default
        lines.append(f"| `{variable(field.name)}` | {shown} | {_description(field.type)} |")
    return "\n".join(lines)


def _data_folder(given: str) -> Path:
    """The folder given; else `data` in the checkout, or where we are if there is no checkout."""
    if given:
        return Path(given).expanduser().absolute()
    checkout = Path(__file__).parents[1]
    place = checkout if (checkout / "pyproject.toml").exists() else Path.cwd()
    return place / "data"


def _names() -> list[str]:
    return [field.name for field in msgspec.structs.fields(Settings)]


def _from_file(environ: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    """The one file: named by MAKEGOOD_CONFIG, else `makegood.toml` in the data folder if it is."""
    named = environ.get(_CONFIG)
    data = _data_folder(environ.get(variable("data"), ""))
    path = Path(named) if named else data / "makegood.toml"
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if named:
            problems.append(f"{_CONFIG}: there is no file {path}")
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        problems.append(f"{path}: cannot be read: {wrong}")
        return {}
    problems += [f"{path}: {_unknown(name, _names())}" for name in content.keys() - set(_names())]
    return {name: content[name] for name in _names() if name in content}


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    known = {variable(name): name for name in _names()}
    files = {f"{variable(name)}_FILE": name for name in _SECRETS}
    given: dict[str, object] = {}
    for key in sorted(environ):
        if key in files:
            given[files[key]] = _content(key, environ[key], problems)
        elif key in known:
            given.setdefault(known[key], environ[key])
        elif key.startswith(PREFIX) and key != _CONFIG:
            problems.append(_unknown(key, [*known, *files]))
    return given


def _content(key: str, path: str, problems: list[str]) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        problems.append(f"{key}: cannot read {path}: {wrong}")
        return ""


def _fit(name: str, value: object, problems: list[str]) -> object:
    """The value in its setting's type; the value itself is not repeated: it may be a secret."""
    kind = next(field.type for field in msgspec.structs.fields(Settings) if field.name == name)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as wrong:
        # A pattern is no sentence; what the manual says of the setting is.
        shape = "matching regex" in str(wrong)
        told = f"this does not fit. {_description(kind)}" if shape else wrong
        problems.append(f"{variable(name)}: {told}")
        return None


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    advice = f"; did you mean {near[0]}?" if near else ""
    return f"unknown setting {name}{advice}"


def _description(kind: object) -> str:
    info = msgspec.inspect.type_info(kind)
    extra = getattr(info, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
