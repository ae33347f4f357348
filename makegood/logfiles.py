"""Where a log's keys, its second place and its published files are, by the settings."""

from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from makegood.base.time import Clock
from makegood.record.log.keyring import FileKeyBook
from makegood.record.log.places import FolderPlace
from makegood.record.log.sequencer import DEMO_PREFIX, LogRoom
from makegood.settings import Settings
from makegood.store.database import Database

SIGN_EVERY: Final = timedelta(seconds=2)


def open_log_room(db: Database, clock: Clock, settings: Settings) -> LogRoom:
    """Everything the log needs, with its files where the settings say."""
    host = DEMO_PREFIX.rstrip("/") if settings.demo else urlsplit(settings.address).netloc
    return LogRoom(
        db=db,
        clock=clock,
        keys=FileKeyBook(log_keys_folder(settings)),
        second=FolderPlace(copy_folder(settings)),
        published=published_folder(settings),
        sign_every=SIGN_EVERY,
        origin_of=lambda market_id: f"{host}/log/{market_id}",
        demo=settings.demo,
    )


def log_keys_folder(settings: Settings) -> Path:
    """The keys that sign: one file for each market."""
    return settings.folder / "keys" / "log"


def copy_folder(settings: Settings) -> Path:
    """The second place: the last checkpoint of every market."""
    if settings.log_copy:
        return Path(settings.log_copy).expanduser().absolute()
    return settings.folder / "log-copy"


def published_folder(settings: Settings) -> Path:
    """The static files of every market's log."""
    return settings.folder / "log"
