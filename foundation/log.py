"""Log lines with the request they belong to and without personal data: JSON, or coloured text for a terminal.

The standard library's loggers (uvicorn, rq, alembic) use the same handlers.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from foundation.masking import mask

LogFormat = Literal["auto", "json", "console"]
HIDDEN = "[hidden]"
PERSONAL = frozenset(
    {
        *("name", "full_name", "first_name", "last_name", "customer_name", "display_name"),
        *("email", "e_mail", "email_address", "to", "sender", "recipient", "phone", "phone_number"),
        *("address", "street", "date_of_birth", "birthday", "dob", "ip", "ip_address"),
        *("message", "text", "reply", "response", "question", "answer", "content", "body", "arguments"),
        *("card", "card_number", "cvv", "token", "access_token", "authorization", "cookie"),
        *("password", "secret", "api_key"),
    }
)
"""Keys whose values are not logged, whatever they hold."""

EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
PHONE = re.compile(
    r"(?<![\w.-])(?:\+\d{1,3}[ .-]?(?:\(?\d{2,4}\)?[ .-]?){2,4}\d{2,4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})"
    r"(?![\w-])"
)
TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*")
SQL_PARAMETERS = re.compile(r"\[parameters: .*?\]\n?(?=\(Background|$)", re.DOTALL)


def configure_logging(
    *, level: str = "INFO", stream: TextIO | None = None, log_format: LogFormat = "auto"
) -> None:
    """Send every log line of this process, ours and the libraries', to `stream` or standard error.

    `auto` is text for a person where the stream is a terminal, and JSON elsewhere.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide_personal_data,
            _renderer(stream, log_format),
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)


def _renderer(stream: TextIO, log_format: LogFormat) -> Processor:
    is_terminal = stream.isatty()
    if log_format == "console" or (log_format == "auto" and is_terminal):
        return structlog.dev.ConsoleRenderer(colors=is_terminal)
    return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger(name)


def bind(**values: str) -> AbstractContextManager[None]:
    """Add values such as `request_id` to every line written in the `with` block, in awaited calls too."""
    return structlog.contextvars.bound_contextvars(**values)


def hide_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return cast(EventDict, _cleaned(event))


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - a log line may hold anything
    if isinstance(value, str):
        return _without_personal_data(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if str(key).lower() in PERSONAL else _cleaned(each) for key, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _without_personal_data(str(value))


def _without_personal_data(text: str) -> str:
    if "@" in text:
        text = EMAIL.sub("[email]", text)
    if "eyJ" in text:
        text = TOKEN.sub("[token]", text)
    if "[parameters: " in text:
        text = SQL_PARAMETERS.sub("[parameters hidden]", text)
    return mask(PHONE.sub("[phone]", text)).text
