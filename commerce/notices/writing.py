"""Renders a notice: one template, as HTML and as plain text.

A template uses macros that both formats define (`say.p`, `say.facts`, …), so the two have the same
content. A field that a template names and an event lacks is an error.
"""

import json
import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, Undefined, UndefinedError
from markupsafe import Markup

from commerce.customers.contact import Channel
from commerce.notices.binding import check
from commerce.notices.models import MASK, TEXTED, NoticeEvent, Unsendable, Written, in_a_line
from foundation.clock import Calendar
from foundation.money import Money
from foundation.settings import ShopSettings

FOLDER = Path(__file__).parent / "templates"
WIDTH = 76
NAME = "Ana María O'Brien"
"""The recipient of samples."""
FIRST_STRONG, END = "\u2068", "\u2069"
"""Around text of unknown direction, where there is no markup to say so."""
RIGHT_TO_LEFT = {"R", "AL"}
TOO_MANY_LINES = re.compile(r"\n\s*\n\s*\n")


class NoSuchTemplate(Unsendable):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no template {name[:40]!r}")


class FieldsDoNotFit(Unsendable):
    def __init__(self, error: Exception) -> None:
        super().__init__(f"the event does not fit the template: {error}")


@dataclass(frozen=True)
class Dress:
    """A format: its folder of macros, and how it isolates text of unknown direction."""

    name: str
    isolate: Callable[[str], str]


def _in_markup(words: str) -> str:
    return Markup("<bdi>{}</bdi>").format(words)


def _in_characters(words: str) -> str:
    strange = any(unicodedata.bidirectional(each) in RIGHT_TO_LEFT for each in words)
    return f"{FIRST_STRONG}{words}{END}" if strange else words


HTML, TEXT = Dress("html", _in_markup), Dress("text", _in_characters)


class Writer:
    def __init__(
        self,
        shop: ShopSettings,
        calendar: Calendar,
        *,
        kinds: Sequence[type[NoticeEvent]],
        folder: Path = FOLDER,
    ) -> None:
        """Raises TemplateMismatch when a template uses what its notice has not."""
        self.kinds = tuple(kinds)
        self.templates = sorted(path.name.removesuffix(".j2") for path in folder.glob("*.j2"))
        self.samples: Mapping[str, Mapping[str, Any]] = json.loads((folder / "samples.json").read_text())
        self._html = _environment(folder, HTML, shop, calendar)
        self._text = _environment(folder, TEXT, shop, calendar)
        check(self._text, self.kinds, templates=self.templates)

    def sample(self, template: str) -> Written:
        """The notice with sample values."""
        channel = Channel.TEXT if template in TEXTED else Channel.EMAIL
        return self.write(template, self.samples[template], name=NAME, channel=channel)

    def write(
        self, template: str, fields: Mapping[str, Any], *, name: str | None, channel: Channel = Channel.EMAIL
    ) -> Written:
        """The rendered notice, for a customer of that name.

        Raises:
            Unsendable: when there is no such template, or a field that it needs is missing.
        """
        if template not in self.templates:
            raise NoSuchTemplate(template)
        known = {"unsubscribe": None, **fields, "name": name}
        plain = self._text.get_template(f"{template}.j2")
        try:
            if channel is Channel.TEXT:
                return Written(_block(plain, "sms", known))
            return Written(
                text=TOO_MANY_LINES.sub("\n\n", plain.render(known)).strip() + "\n",
                subject=_block(plain, "subject", known),
                html=self._html.get_template(f"{template}.j2").render(known),
            )
        except (UndefinedError, TypeError, ValueError) as error:
            raise FieldsDoNotFit(error) from error


def masked(fields: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The fields with secrets masked, as they may be stored and shown."""
    return {**fields, **dict.fromkeys(secrets, MASK)}


def _block(template: Template, name: str, fields: Mapping[str, Any]) -> str:
    if name not in template.blocks:
        raise NoSuchTemplate(f"{template.name}:{name}")
    return in_a_line("".join(template.blocks[name](template.new_context(dict(fields)))))


def _environment(folder: Path, dress: Dress, shop: ShopSettings, calendar: Calendar) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder / dress.name, folder]),
        autoescape=dress is HTML,  # noqa: S701 - plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.filters |= {
        "money": _when_given(lambda cents: str(Money(cents))),
        "day": _when_given(lambda at: f"{calendar.day(datetime.fromisoformat(at)):%-d %B %Y}"),
        "moment": _when_given(lambda at: f"{_local(at, calendar):%-d %B %Y, %-I:%M %p %Z}"),
        "isolate": dress.isolate,
        "flow": _flow,
        "listed": _listed,
    }
    environment.globals |= {"shop": shop}
    environment.globals["say"] = environment.get_template("parts.j2").module
    return environment


def _when_given(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """An empty optional field is rendered as nothing."""

    def written(value: object) -> str:
        if isinstance(value, Undefined):
            str(value)  # which raises, naming the field
        return "" if value is None else write(value)

    return written


def _local(at: str, calendar: Calendar) -> datetime:
    return datetime.fromisoformat(at).astimezone(calendar.zone)


def _flow(words: str) -> str:
    return textwrap.fill(in_a_line(words), WIDTH, break_long_words=False, break_on_hyphens=False)


def _listed(items: list[Any]) -> str:
    """Such as `3, 4 and 5`."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
