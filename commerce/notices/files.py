"""Carriers for development: each sent message is a file, written atomically."""

import os
from pathlib import Path
from secrets import token_hex

from commerce.notices.letters import letter
from commerce.notices.models import Message, wire_name
from commerce.notices.ports import CarrierSilent
from foundation.settings import ShopSettings


class EmlMailer:
    """E-mails as `.eml` files."""

    def __init__(self, folder: Path, shop: ShopSettings) -> None:
        self._folder = folder
        self._shop = shop

    def send(self, message: Message) -> None:
        _write_once(_path(self._folder, message.id, ".eml"), letter(message, self._shop).as_bytes())

    def has_sent(self, message_id: str) -> bool:
        return _path(self._folder, message_id, ".eml").exists()

    def forget(self, message_id: str) -> None:
        _path(self._folder, message_id, ".eml").unlink(missing_ok=True)


class FileTexter:
    """Text messages as `.txt` files: the number, an empty line, the text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> None:
        text = f"To: {message.recipient.address}\n\n{message.written.text}\n"
        _write_once(_path(self._folder, message.id, ".txt"), text.encode())

    def has_sent(self, message_id: str) -> bool:
        return _path(self._folder, message_id, ".txt").exists()

    def forget(self, message_id: str) -> None:
        _path(self._folder, message_id, ".txt").unlink(missing_ok=True)


def files_of(folder: Path, message_id: str) -> list[Path]:
    """The files of the message with this id."""
    paths = (_path(folder, message_id, suffix) for suffix in (".eml", ".txt"))
    return [path for path in paths if path.exists()]


def _path(folder: Path, message_id: str, suffix: str) -> Path:
    return folder / f"{wire_name(message_id)}{suffix}"


def _write_once(path: Path, content: bytes) -> None:
    try:
        _write(path, content)
    except OSError as error:
        raise CarrierSilent(str(error.strerror)) from error


def _write(path: Path, content: bytes) -> None:
    """Readable by the owner; an existing file stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
