"""The shop's own words: every term with what customers call it, read from `vocabulary.toml`."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from pathlib import Path
from typing import Any

from foundation.text.glossary import Glossaries, Glossary, general, parse
from foundation.text.normalise import plain, plural, singular
from foundation.text.reader import Name, TextReader
from foundation.text.terms import Terms

FILE = Path(__file__).with_suffix(".toml")
WORD = re.compile(r"[a-z0-9]+")
KINDS = ("category", "effect", "flavour")
"""Of terms that products are described with."""
FAMILIAR = 20
"""How often a customer is taken to say what the shop sells, beside the words of the examples."""


@dataclass(frozen=True)
class Term:
    kind: str
    name: str
    synonyms: tuple[str, ...]
    """What it is called in English, in the singular where the plural means the same."""
    spanish: Glossary
    """Its Spanish words with what they are in English."""
    slang: Glossary


@dataclass(frozen=True)
class Vocabulary:
    terms: tuple[Term, ...]
    phrases: Glossaries
    """Phrases around the terms that mean something as a whole, and idioms that only sound like one."""

    def of_kind(self, kind: str) -> Mapping[str, Term]:
        return {term.name: term for term in self._of(kind)}

    def _of(self, kind: str) -> list[Term]:
        return [term for term in self.terms if term.kind == kind]

    @cached_property
    def described(self) -> tuple[Term, ...]:
        """The terms that products are described with."""
        return tuple(term for term in self.terms if term.kind in KINDS)

    @cached_property
    def term_names(self) -> frozenset[str]:
        return frozenset(term.name for term in self.described)

    @cached_property
    def found(self) -> Terms:
        """Finds them in plain English words."""
        return Terms({term.name: term.synonyms for term in self.described})

    @cached_property
    def nouns(self) -> frozenset[str]:
        """Single words that mean a term by themselves, or a tier."""
        own = (*self.described, *self.of_kind("tier").values())
        single = {p for term in own for p in (term.name, *term.synonyms) if p.isalpha()}
        return frozenset(single | set(map(plural, single)))

    @cached_property
    def words(self) -> list[str]:
        """Every word of the terms, the familiar ones often: what typos are read as."""
        phrases = [phrase for term in self.terms for phrase in (term.name, *term.synonyms)]
        return [*(word for phrase in phrases for word in phrase.split()), *sorted(self.nouns) * FAMILIAR]

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        """Each single word that means a term, English and Spanish, and that term."""
        return {word: term.name for term in self.described for word in _single(term)}

    @cached_property
    def topics(self) -> Mapping[str, str]:
        """Each single word that shows what a customer speaks of, English and Spanish, and that topic."""
        kinds = ("topic", "category", "effect")
        return {word: term.name for kind in kinds for term in self._of(kind) for word in _single(term)}

    @cached_property
    def notes(self) -> Mapping[str, str]:
        """Each single word of a remark, and what the remark is then noted under."""
        return {**self.meanings, **{word: term.name for term in self._of("note") for word in _single(term)}}

    @cached_property
    def glossaries(self) -> Glossaries:
        own = (Glossaries(term.spanish, term.slang) for term in self.terms)
        return reduce(Glossaries.with_more, [*own, self.phrases], general())

    def reader(
        self,
        *,
        is_word: Callable[[str], bool],
        words: Iterable[str] = (),
        names: frozenset[Name] = frozenset(),
    ) -> TextReader:
        """Reads what customers of this shop write; `words` are more that they use."""
        return TextReader(self.glossaries, [*words, *self.words], is_word=is_word, names=names)


def topic_of(text: str) -> str | None:
    """What a remark is about, in the shop's own terms; None when it uses none of them."""
    notes = vocabulary().notes
    said = (form for word in WORD.findall(plain(text)) for form in (word, singular(word)))
    return next((notes[form] for form in said if form in notes), None)


@cache
def vocabulary() -> Vocabulary:
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    phrases, idioms, lacks = (read.pop(each) for each in ("phrases", "idioms", "lacks"))
    terms = [_term(kind, name, each) for kind, several in read.items() for name, each in several.items()]
    known = Glossaries(parse(phrases["es"]), parse([*phrases["slang"], *idioms["en"]]), parse(lacks["en"]))
    return Vocabulary(tuple(terms), known)


def _single(term: Term) -> list[str]:
    """The single words that mean it, its own name among them."""
    spanish = (" ".join(phrase) for phrase in term.spanish.meanings)
    return [word for word in (term.name, *term.synonyms, *spanish) if word.isalpha()]


def _term(kind: str, name: str, read: Mapping[str, Any]) -> Term:
    return Term(kind, name, tuple(read["en"]), parse(read.get("es", ())), parse(read.get("slang", ())))
