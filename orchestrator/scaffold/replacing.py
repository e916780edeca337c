"""Files get new texts: all of them, or none."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_BOM = b"\xef\xbb\xbf"


def replace_texts(texts: Mapping[Path, str]) -> None:
    """Give each file, named by its real path, its new text. A byte order mark and the permissions stay.

    Each file has its old text or its new one at any moment, whatever happens. If one can't be written, those that have
    been get their old text back.

    Raises:
        OSError: a file can't be written.
    """
    before = {path: path.read_bytes() for path in texts}
    done: list[Path] = []
    try:
        for path, text in texts.items():
            mark = _BOM if before[path].startswith(_BOM) else b""
            _replace(path, mark + text.encode("utf-8"))
            done.append(path)
    except BaseException:
        for path in done:
            _replace(path, before[path])
        raise


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with beside.open("xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            shutil.copymode(path, beside)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
