import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from foundation.log import bind, configure_logging, logger

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdXNfYW5hIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"  # noqa: S105 - for tests


class Lines:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def last(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.stream.getvalue().splitlines()[-1])
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level, usual = root.handlers[:], root.level, structlog.get_config()
    written = Lines()
    configure_logging(stream=written.stream)
    yield written
    root.handlers, root.level = handlers, level
    structlog.configure(**usual)


class TestLines:
    def test_a_line_says_when_what_where_and_how_bad(self, lines: Lines) -> None:
        logger("agent.service").warning("turn_resumed", attempt=2)

        assert lines.last["timestamp"].endswith("Z")
        assert lines.last["event"] == "turn_resumed"
        assert lines.last["level"] == "warning"
        assert lines.last["logger"] == "agent.service"
        assert lines.last["attempt"] == 2

    def test_lines_carry_the_request_they_belong_to(self, lines: Lines) -> None:
        with bind(request_id="req_1", turn_id="trn_1"):
            logger("api").info("received")
            inside = lines.last
        logger("api").info("done")

        assert (inside["request_id"], inside["turn_id"]) == ("req_1", "trn_1")
        assert "request_id" not in lines.last

    def test_libraries_write_the_same_way(self, lines: Lines) -> None:
        with bind(request_id="req_1"):
            logging.getLogger("uvicorn.error").info("Started on %s", "port 8080")

        assert lines.last["event"] == "Started on port 8080"
        assert lines.last["logger"] == "uvicorn.error"
        assert lines.last["request_id"] == "req_1"

    def test_debug_is_left_out(self, lines: Lines) -> None:
        logger("api").debug("details")

        assert lines.stream.getvalue() == ""

    def test_a_bug_is_one_line_with_its_trace(self, lines: Lines) -> None:
        try:
            vars(logger)["missing"]
        except KeyError:
            logger("api").exception("failed")

        assert lines.stream.getvalue().count("\n") == 1
        assert "KeyError: 'missing'" in lines.last["exception"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("lines")
class TestFormat:
    def test_on_a_terminal_it_is_coloured_text(self) -> None:
        stream = Terminal()
        configure_logging(stream=stream)

        logger("agent.turn").warning("turn_resumed", attempt=2)

        assert "\x1b[" in stream.getvalue()
        assert not stream.getvalue().startswith("{")

    def test_text_in_a_file_has_no_colours(self) -> None:
        stream = io.StringIO()
        configure_logging(stream=stream, log_format="console")

        logger("agent.turn").warning("turn_resumed", attempt=2)

        assert "turn_resumed" in stream.getvalue()
        assert "attempt=2" in stream.getvalue()
        assert "\x1b[" not in stream.getvalue()

    def test_json_may_be_wanted_on_a_terminal(self) -> None:
        stream = Terminal()
        configure_logging(stream=stream, log_format="json")

        logger("agent.turn").warning("turn_resumed")

        assert json.loads(stream.getvalue())["event"] == "turn_resumed"

    def test_text_hides_personal_data_too(self) -> None:
        stream = Terminal()
        configure_logging(stream=stream)

        try:
            int("ana@example.com")
        except ValueError:
            logger("api").exception("failed", name="Ana")

        assert "Ana" not in stream.getvalue()
        assert "ana@example.com" not in stream.getvalue()
        assert "ValueError" in stream.getvalue()


class TestPersonalData:
    @pytest.mark.parametrize(
        "key", ["name", "full_name", "email", "phone", "text", "Authorization", "date_of_birth"]
    )
    def test_values_under_personal_keys_are_hidden(self, lines: Lines, key: str) -> None:
        logger("api").info("customer_seen", **{key: "Ana Núñez"})

        assert lines.last[key] == "[hidden]"

    def test_they_are_hidden_at_any_depth(self, lines: Lines) -> None:
        logger("api").info("seen", rows=[{"id": "cus_1", "name": "Ana"}])

        assert lines.last["rows"] == [{"id": "cus_1", "name": "[hidden]"}]

    @pytest.mark.parametrize(
        ("said", "logged"),
        [
            ("mail to ana.nunez+shop@mail.example.com bounced", "mail to [email] bounced"),
            ("call 512-555-0100", "call [phone]"),
            ("call (512) 555-0100 or +34 612 345 678", "call [phone] or [phone]"),
            ("paid with 4111 1111 1111 1111", "paid with [card number]"),
            ("ssn 123-45-6789", "ssn [ssn]"),
            (f"GET /?token={TOKEN}", "GET /?token=[token]"),
        ],
    )
    def test_it_is_taken_out_of_what_is_said(self, lines: Lines, said: str, logged: str) -> None:
        logger("api").info(said)

        assert lines.last["event"] == logged

    def test_it_is_taken_out_of_traces_and_libraries_lines(self, lines: Lines) -> None:
        try:
            int("ana@example.com")
        except ValueError:
            logging.getLogger("rq.worker").exception("job of ana@example.com failed")

        assert "ana@example.com" not in lines.stream.getvalue()
        assert "'[email]'" in lines.last["exception"]

    def test_parameters_of_sql_are_taken_out(self, lines: Lines) -> None:
        error = (
            "(Error) bad\n[SQL: SELECT 1]\n[parameters: {'a': 'Ana', 'b': ['x']}]\n(Background on this error)"
        )

        logger("api").error("query_failed", reason=error)

        assert (
            lines.last["reason"]
            == "(Error) bad\n[SQL: SELECT 1]\n[parameters hidden](Background on this error)"
        )

    def test_ids_times_and_figures_stay(self, lines: Lines) -> None:
        figures = {
            "order": "ord_k3v8q2m4x9z7w1c5t6y0",
            "at": "2026-03-01T12:00:00Z",
            "cents": 19_700,
            "ok": True,
        }

        logger("api").info("order_paid", **figures)

        assert {key: lines.last[key] for key in figures} == figures
