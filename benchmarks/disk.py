"""How long the disk takes to keep one page, asked again and again beside a run that commits."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PAGE: Final = b"\0" * 8192
PAGES: Final = 256
"""Of a file that is written anew and never grows, as the server's log is."""
EVERY_SECONDS: Final = 0.05


@contextmanager
def synced_beside(folder: Path) -> Iterator[list[float]]:
    """Keep a page of a file in this folder twenty times a second; seconds each took, so far.

    A commit waits for at least one of these, so they are the floor of what a commit can take.
    """
    taken: list[float] = []
    over = threading.Event()
    asking = threading.Thread(target=_ask, args=(folder / "synced", taken, over))
    asking.start()
    try:
        yield taken
    finally:
        over.set()
        asking.join()


def _ask(path: Path, taken: list[float], over: threading.Event) -> None:
    path.write_bytes(PAGE * PAGES)
    file = os.open(path, os.O_WRONLY)
    try:
        os.fsync(file)
        while not over.wait(EVERY_SECONDS):
            os.pwrite(file, PAGE, len(taken) % PAGES * len(PAGE))
            began = time.perf_counter()
            os.fdatasync(file)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(file)
        path.unlink()
