"""A real process tree for tests: start it, look at its processes, ask it, end it."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).parents[2]
START_SECONDS = 90.0


class Tree:
    """`makegood serve` on a free port in a folder of its own."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "makegood", "serve", "--port", "0", "--data", folder, *options],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [_reader(self.process.stdout, self._lines, "")]
        self._readers.append(_reader(self.process.stderr, self._lines, "error: "))
        self.lines: list[str] = []
        self.address = ""

    def wait_until_serving(self, seconds: float = START_SECONDS) -> None:
        """Until the address is printed."""
        self.address = self.wait_for("Makegood is at ", seconds).split(" at ")[1]

    def wait_for(self, words: str, seconds: float = START_SECONDS) -> str:
        """The first new line with these words."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            try:
                line = self._lines.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is None:
                    continue
                line = self._last_words()
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} was not said:\n" + "\n".join(self.lines))

    def _last_words(self) -> str:
        """The next line of a tree that has ended, which may have said it right before."""
        for reader in self._readers:
            reader.join(60)
        try:
            return self._lines.get_nowait()
        except queue.Empty:
            raise AssertionError("it has ended:\n" + "\n".join(self.lines)) from None

    def is_ready(self) -> bool:
        """Whether the site can serve requests now."""
        try:
            with urlopen(f"{self.address}/ready", timeout=60) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def all_processes(self) -> dict[str, psutil.Process]:
        """Every process of the tree by name: supervisor, database, web, worker, and the rest."""
        supervisor = psutil.Process(self.process.pid)
        family = [supervisor, *supervisor.children(recursive=True)]
        return {f"{_name(one)}-{one.pid}": one for one in family}

    def find(self, name: str) -> psutil.Process:
        """The first process of this name."""
        return next(one for key, one in self.all_processes().items() if key.startswith(name))

    def pids(self, name: str) -> set[int]:
        """The ids of all processes of this name."""
        return {one.pid for key, one in self.all_processes().items() if key.startswith(name)}

    def status(self) -> int:
        """The exit status of a tree that ends by itself."""
        self.process.wait(60)
        return self.end()

    def kill(self) -> None:
        """End it at once and wait until nothing of it works in its folder any more."""
        family = list(self.all_processes().values()) if self.process.poll() is None else []
        self.end(signal.SIGKILL)
        assert still_running(family) == []

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the supervisor and wait; answers the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(60)
        for reader in self._readers:
            reader.join(60)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return status


def still_running(processes: list[psutil.Process], seconds: float = 60.0) -> list[psutil.Process]:
    """Those that have not ended within the time."""
    give_up_at = time.monotonic() + seconds
    left = processes
    while left and time.monotonic() < give_up_at:
        time.sleep(0.02)
        left = [one for one in processes if _lives(one)]
    return left


def eventually(question: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether `question()` becomes true in time."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if question():
            return True
        time.sleep(0.05)
    return False


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _name(process: psutil.Process) -> str:
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return "gone"
    if "makegood.processes" in words:
        return words[words.index("makegood.processes") + 1]
    if any(word.endswith("/postgres") for word in words[:1]):
        return "postgres"
    return "serve" if "serve" in words else "backend"


def _reader(pipe: IO[str], lines: "queue.Queue[str]", prefix: str) -> threading.Thread:
    def read() -> None:
        for line in pipe:
            lines.put(prefix + line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
