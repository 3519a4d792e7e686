"""Read a query: words, `field:value`, comparisons, `-` and NOT, OR, brackets.

query      = alternative ("OR" alternative)*
alternative = part+                      all of them; AND between them changes nothing
part       = ("-" | "NOT ") part | "(" query ")" | comparison | word
comparison = field (":" | "=" | "!=" | "<" | "<=" | ">" | ">=") value ("," value)*
word, value = characters without a space, or "several words"
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from app.contract.experiment import FieldError
from app.search.terms import All, Comparison, Either, Not, Operator, Term, Word

LENGTH = 2_000
"""Characters that a query may have."""
TERMS = 60
"""Words and comparisons that it may have."""
DEPTH = 12
"""Brackets and exclusions that may be nested."""

_SPACE = re.compile(r"\s+")
_FIELD = re.compile(r"[A-Za-z_][\w.]*(?:@[^\s()\",:=<>≤≥!@]*)?(?=!=|[:=<>≤≥])(?!://)")
_OPERATOR = re.compile(r"!=|<=|>=|[:=<>≤≥]")
_VALUE = re.compile(r'"([^"]*)"|([^\s,()"]+)')
_LOOSE = re.compile(r"(?:!=|<=|>=|[:=<>≤≥])")
_WORD = re.compile(r'"([^"]*)"|([^\s()"]+)')
_SAME = {"≤": "<=", "≥": ">="}


def parse(text: str) -> Term:
    """Return what a query means. Raises FieldError at `q`, with the position of what is wrong."""
    if len(text) > LENGTH:
        raise FieldError("q", f"has {len(text):,} characters; at most {LENGTH:,} are allowed")
    reader = _Reader(text)
    term = reader.query(0)
    reader.end()
    return term


def wrong(at: int, message: str) -> FieldError:
    """Return an error that names a position, from 1."""
    return FieldError("q", f"at character {at + 1}: {message}")


@dataclass
class _Reader:
    """What has been read of `text` up to `at`."""

    text: str
    at: int = 0
    count: int = 0

    def query(self, depth: int) -> Term:
        """Read alternatives, up to a closing bracket or the end."""
        if depth > DEPTH:
            raise wrong(self.at, f"brackets are nested more than {DEPTH} deep")
        alternatives = [self._alternative(depth)]
        while self._keyword("OR"):
            alternatives.append(self._alternative(depth))
        return alternatives[0] if len(alternatives) == 1 else Either(tuple(alternatives))

    def end(self) -> None:
        """Raise FieldError where something is left."""
        if self.at < len(self.text):
            raise wrong(self.at, "this bracket closes nothing; quote it to search for it")

    def _alternative(self, depth: int) -> Term:
        begin = self.at
        parts = list(self._parts(depth))
        if not parts and (depth or self.text[begin:].strip() or self.text[:begin].strip()):
            raise wrong(self.at, "something to search for is missing here")
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _parts(self, depth: int) -> Iterator[Term]:
        while True:
            self._skip()
            if self.at == len(self.text) or self.text[self.at] == ")" or self._sees("OR"):
                return
            if not self._keyword("AND"):
                yield self._part(depth)

    def _part(self, depth: int) -> Term:
        if depth > DEPTH:
            raise wrong(self.at, f"exclusions are nested more than {DEPTH} deep")
        if self._keyword("NOT") or (self.text[self.at] == "-" and self._starts_term(self.at + 1) and self._step()):
            self._skip()
            if not self._starts_term(self.at):
                raise wrong(self.at, "what to exclude is missing here")
            return Not(self._part(depth + 1))
        if self.text[self.at] == "(":
            opened = self.at
            self.at += 1
            term = self.query(depth + 1)
            if self.text[self.at : self.at + 1] != ")":
                raise wrong(opened, "this bracket is not closed; quote it to search for it")
            self.at += 1
            return term
        self.count += 1
        if self.count > TERMS:
            raise wrong(self.at, f"more than {TERMS} words and comparisons")
        return self._comparison() or self._word()

    def _comparison(self) -> Comparison | None:
        field = _FIELD.match(self.text, self.at)
        if field is None:
            return None
        operator = cast(re.Match[str], _OPERATOR.match(self.text, field.end()))
        begin = self.at
        self.at = value_at = operator.end()
        values = [self._value()]
        while self.text[self.at : self.at + 1] == ",":
            self.at += 1
            values.append(self._value())
        sign = cast(Operator, _SAME.get(operator.group(), operator.group()))
        if len(values) > 1 and sign not in (":", "=", "!="):
            raise wrong(value_at, f"{sign} takes a single value")
        return Comparison(field.group(), sign, tuple(values), begin, value_at)

    def _value(self) -> str:
        value = _VALUE.match(self.text, self.at)
        if value is None:
            quoted = self.text[self.at : self.at + 1] == '"'
            raise wrong(self.at, "these quotation marks are not closed" if quoted else "a value is missing here")
        self.at = value.end()
        return value[2] if value[1] is None else value[1]

    def _word(self) -> Word:
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise wrong(self.at, "these quotation marks are not closed")
        if _LOOSE.match(self.text, self.at):
            raise wrong(self.at, "a comparison is written without spaces, such as lr>0.01; quote a sign to find it")
        self.at = word.end()
        return Word(word[2] if word[1] is None else word[1])

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def _step(self) -> bool:
        self.at += 1
        return True

    def _sees(self, keyword: str) -> bool:
        after = self.text[self.at + len(keyword) : self.at + len(keyword) + 1]
        return self.text.startswith(keyword, self.at) and (not after or after.isspace() or after in "()")

    def _keyword(self, keyword: str) -> bool:
        self._skip()
        seen = self._sees(keyword)
        self.at += len(keyword) if seen else 0
        return seen

    def _starts_term(self, at: int) -> bool:
        return at < len(self.text) and not self.text[at].isspace() and self.text[at] != ")"
