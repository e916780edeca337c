"""From bytes, or a string of unknown origin, to text that a YAML parser may see."""

import codecs
import re

from orchestrator.diagnostics import Diagnostic, Span
from orchestrator.source.positions import Positions

MAX_BYTES = 2 * 1024 * 1024

_BOM = "\ufeff"
_OTHER_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
# All but c-printable of YAML 1.2, section 5.1.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAVE = "save the file as UTF-8"


def decode(path: str, raw: str | bytes) -> tuple[str, Diagnostic | None]:
    """Give the text without its byte order mark, and the fault that forbids to parse it, if there is one.

    The text of a faulty file is as much of it as a person may be shown; one that is too large is not kept.
    """
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        return "", Diagnostic(
            Span(path), "too-large", "the file is larger than 2 MiB", "split it, and `include` the parts"
        )
    if isinstance(raw, str):
        text = raw.removeprefix(_BOM)
        return text, _forbidden(path, text)
    for bom, name in _OTHER_BOMS:
        if raw.startswith(bom):
            return "", Diagnostic(Span(path), "encoding", f"the file is {name}, not UTF-8", _SAVE)
    try:
        text = raw.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        before = len(raw[: error.start].decode("utf-8").removeprefix(_BOM))
        text = raw.decode("utf-8", "replace").removeprefix(_BOM)
        span = Positions(path, text).span((before, before + 1))
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        return text, Diagnostic(span, "encoding", message, _SAVE)
    return text, _forbidden(path, text)


def _forbidden(path: str, text: str) -> Diagnostic | None:
    found = _FORBIDDEN.search(text)
    if found is None:
        return None
    code = f"U+{ord(found[0]):04X}"
    escape = f', or write it as an escape in double quotes: "\\x{ord(found[0]):02x}"' if found[0] < "\xa0" else ""
    span = Positions(path, text).span(found.span())
    return Diagnostic(span, "encoding", f"the character {code} is not allowed in YAML", f"delete it{escape}")
