"""File and folder names that every file system takes, made from any text and told apart also where case is ignored."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

LONGEST = 120  # bytes of a name; file systems end at 255, and some programs add to it
# What Windows, macOS or Linux refuse or read as something else; "%" because it starts a code
_UNSAFE = re.compile(r'[/\\:*?"<>|%]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)")
_HIDDEN = re.compile(r"^[._~\s-]|[.\s]$")  # a leading one hides or means an option, a trailing one is cut by Windows


def encoded(text: str) -> str:
    """The text as a name: unsafe characters as %XX of their UTF-8 bytes, so that unquoting gives the text back.

    Names that are too long are cut and end in a digest of the whole: those are only found by a list that names both.
    """
    name = "".join(_code(c) if _is_odd(c) else c for c in text)
    if _HIDDEN.search(name):
        name = _code(name[0]) + name[1:] if _HIDDEN.match(name) else name
        name = name[:-1] + _code(name[-1]) if _HIDDEN.search(name) else name
    if not name or _DEVICES.fullmatch(name.partition(".")[0].rstrip()):
        name = _code(name[0]) + name[1:] if name else "%"  # "%" alone is the code of nothing
    return name if len(name.encode()) <= LONGEST else _cut(name, text)


def distinct(texts: Iterable[str], reserved: Iterable[str] = ()) -> list[str]:
    """A name for each text, all different (also from `reserved`) even where upper and lower case are not told apart."""
    taken = {_key(name) for name in reserved}
    names = []
    for text in texts:
        name = encoded(text)
        if _key(name) in taken:
            name = _cut(name, text)
        taken.add(_key(name))
        names.append(name)
    return names


class FileNames:
    """File names within folders, each given out once."""

    def __init__(self) -> None:
        self._taken: dict[str, set[str]] = {}
        self._next: dict[tuple[str, str], int] = {}

    def claim(self, folder: str, stem: str, suffix: str) -> str:
        """A file name in `folder` made of `stem` and the safe `suffix`; a second one like it gets "_2" and so on."""
        taken = self._taken.setdefault(folder, set())
        safe = encoded(stem)
        name, key = safe + suffix, (folder, _key(safe + suffix))
        while _key(name) in taken:
            self._next[key] = self._next.get(key, 1) + 1
            name = f"{safe}_{self._next[key]}{suffix}"
        taken.add(_key(name))
        return name


def _is_odd(c: str) -> bool:
    return bool(_UNSAFE.match(c)) or not c.isprintable()  # the latter are unseen, such as RTL marks


def _code(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def _cut(name: str, text: str) -> str:
    """The start of the name and a digest of the text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    start = name.encode()[: LONGEST - 13].decode("utf-8", "ignore")
    return re.sub(r"%[0-9A-F]?$", "", start) + "~" + digest


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def url_path(path: str) -> str:
    """A relative path as the path of a URL."""
    return quote(path, safe="/")
