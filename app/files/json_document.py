"""A JSON text of any size, walked through value by value; in memory is no more than the longest value we take."""

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.domain import strict_json
from app.domain.strict_json import JsonRefused
from app.files.row_types import LONGEST_OPERATION

_CHUNK_BYTES = 512 * 1024
# What the end of the text in memory cuts off is found wrong no further than this before it (`\\ud842\\udfb7`).
_LONGEST_BREAK = 16
_WHITE_SPACE = " \t\n\r"


class ValueTooLong(JsonRefused):
    """A single value is longer than we take."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(f"单项内容超过 {LONGEST_OPERATION} 个字符。")


class JsonDocument:
    """A position in a JSON text. Every method raises :class:`JsonRefused`, with a whole sentence."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin at the file's beginning."""
        file.seek(0)
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._bytes_read = 0
        self._ended = False
        self._text = ""
        self._at = 0
        # What came before the text in memory: its characters, its lines, and the characters of the line begun in it.
        self._characters_before = 0
        self._lines_before = 0
        self._column_before = 0

    @property
    def characters_read(self) -> int:
        """How many characters lie behind the position."""
        return self._characters_before + self._at

    def peek(self) -> str:
        """Go to the next token and return its first character; empty at the end."""
        token = self._text[self._at : self._at + 1]
        if token and token not in _WHITE_SPACE:
            return token
        while True:
            found = strict_json.WHITE_SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._fill()

    def value(self) -> Any:  # noqa: ANN401 - whatever stands here
        """Read the value that comes next."""
        self.peek()
        while len(self._text) - self._at < LONGEST_OPERATION and not self._ended:
            self._fill()
        try:
            value, end = strict_json.value_at(self._text, self._at)
        except JsonRefused as error:
            if error.position is None:
                raise
            at_the_end = error.in_unended_string or error.position >= len(self._text) - _LONGEST_BREAK
            if at_the_end and not self._ended:
                raise ValueTooLong from None
            raise self._refusal(error.position) from None
        if end - self._at > LONGEST_OPERATION:
            raise ValueTooLong
        self._at = end
        return value

    def names(self) -> Iterator[str]:
        """Yield the names of the object that begins here; before the next, the caller has read the one's value."""
        self._step("{")
        if self.peek() == "}":
            self._step("}")
            return
        while True:
            if self.peek() != '"':
                raise self._refusal(self._at)
            name = str(self.value())
            self._step(":")
            yield name
            if self.peek() == "}":
                break
            self._step(",")
        self._step("}")

    def elements(self) -> Iterator[Any]:
        """Yield the values of the array that begins here."""
        self._step("[")
        if self.peek() == "]":
            self._step("]")
            return
        while True:
            yield self.value()
            if self.peek() == "]":
                break
            self._step(",")
        self._step("]")

    def require_end(self) -> None:
        """Refuse anything that follows."""
        if self.peek():
            raise self._refusal(self._at)

    def _step(self, token: str) -> None:
        if self.peek() != token:
            raise self._refusal(self._at)
        self._at += 1

    def _refusal(self, position: int) -> JsonRefused:
        line = self._text.count("\n", 0, position)
        start = self._text.rfind("\n", 0, position)
        column = position - start if start >= 0 else self._column_before + position + 1
        return JsonRefused(f"第 {self._lines_before + line + 1} 行第 {column} 列处{strict_json.SYNTAX}。", position)

    def _fill(self) -> None:
        """Let go of what lies behind the position, and read on."""
        behind = self._text[: self._at]
        self._characters_before += self._at
        self._lines_before += behind.count("\n")
        start = behind.rfind("\n")
        self._column_before = len(behind) - start - 1 if start >= 0 else self._column_before + len(behind)
        chunk = self._file.read(_CHUNK_BYTES)
        try:
            read = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            # The decoder put the bytes that it had kept back before the chunk.
            kept_back = len(error.object) - len(chunk)
            raise JsonRefused(strict_json.not_utf8(self._bytes_read - kept_back + error.start)) from None
        self._bytes_read += len(chunk)
        self._ended = not chunk
        self._text = self._text[self._at :] + read
        self._at = 0
