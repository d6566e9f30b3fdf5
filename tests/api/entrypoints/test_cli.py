import fcntl
import re
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner, Result

from api.containers.warehouse_tables import TABLES
from api.entrypoints.cli import RoleName, app
from api.entrypoints.supervisor.door import CannotServe, open_door
from foundation.auth import Role, Tokens
from foundation.clock import system_clock
from foundation.errors import Unauthorized
from foundation.outbox import Outbox, Relay
from foundation.settings import GATEWAY, Settings, load_settings
from foundation.sql import Ledger
from foundation.warehouse.feed import WarehouseFeed
from memory.predictions.events import OrderMoved
from tests.fakes import FakeClock, FakeWarehouse

HEAVY = ("torch", "langgraph", "fastapi", "sqlalchemy", "anthropic", "duckdb", "onnxruntime", "pinecone")


class Shell:
    """Runs `livhana` in an empty folder, with the environment that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)

    def set(self, **settings: object) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, str(value))

    def livhana(self, *arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, arguments, input=typed)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    return Shell(monkeypatch, tmp_path)


class TestHelp:
    def test_it_names_the_commands_and_not_the_inner_ones(self, shell: Shell) -> None:
        told = shell.livhana("--help").stdout

        named = re.findall(r"^│ (\w+) ", told, re.MULTILINE)
        assert named == ["serve", "seed", "worker", "token", "check", "learn", "staff", "raffle", "dev"]

    @pytest.mark.parametrize("command", ["serve", "seed", "worker", "token", "check", "learn"])
    def test_every_command_has_an_example(self, shell: Shell, command: str) -> None:
        told = shell.livhana(command, "--help").stdout

        assert f"livhana {command}" in told.partition("For example:")[2]

    def test_it_loads_nothing_heavy(self) -> None:
        script = f"import sys, api.entrypoints.cli; print([each for each in {HEAVY} if each in sys.modules])"

        loaded = subprocess.check_output([sys.executable, "-c", script], text=True)  # noqa: S603 - our own script

        assert loaded.strip() == "[]"


class TestSeedLedger:
    def test_missing_ledger_is_one_sentence(self, shell: Shell, tmp_path: Path) -> None:
        nowhere = f"postgresql+psycopg://postgres@/postgres?host={tmp_path}"
        shell.set(DATABASE_URL=nowhere, VAR_DIR=tmp_path)

        outcome = shell.livhana("seed-ledger", "--customers", "50")

        assert outcome.exit_code == 1
        assert outcome.stderr.strip() == "The ledger does not answer: start the shop, or set DATABASE_URL."


class TestToken:
    def test_it_speaks_for_whom_it_says(self, shell: Shell, ledger: Ledger) -> None:
        token = shell.livhana("token", "--role", "staff", "--subject", "stf_ana").stdout.strip()

        principal = Tokens(load_settings().auth, ledger).verify(token)
        assert (principal.id, principal.role) == ("stf_ana", Role.STAFF)

    def test_it_lives_as_long_as_was_asked(self, shell: Shell, ledger: Ledger) -> None:
        token = shell.livhana("token", "--role", "guest", "--hours", "0.5").stdout.strip()
        clock = FakeClock(system_clock())
        tokens = Tokens(load_settings().auth, ledger, now=clock)

        clock.advance(timedelta(minutes=29))
        assert tokens.verify(token).id.startswith("gst_")
        clock.advance(timedelta(minutes=2))
        with pytest.raises(Unauthorized):
            tokens.verify(token)

    def test_duty_of_staff_narrows_what_they_may(self, shell: Shell, ledger: Ledger) -> None:
        token = shell.livhana("token", "--role", "staff", "--duty", "support").stdout.strip()
        wrong = shell.livhana("token", "--role", "customer", "--duty", "support")

        assert Tokens(load_settings().auth, ledger).verify(token).scopes == {"shop:read", "staff:read"}
        assert (wrong.exit_code, wrong.stdout) == (1, "")

    def test_production_asks_for_whom(self, shell: Shell) -> None:
        key = "ab" * 32
        shell.set(APP_ENV="production", JWT_KEYS=f"k1:{key}", ENCRYPTION_KEYS=f"k1:{key}", LOOKUP_KEY=key)
        shell.set(**dict.fromkeys(GATEWAY, "given"))
        shell.set(SHOP_ADDRESS="1 Main Street", SHOP_EMAIL="hello@shop.test", SHOP_URL="https://shop.test")

        result = shell.livhana("token", "--role", "admin")

        assert result.exit_code == 1
        assert result.stdout == ""
        assert "--subject" in result.stderr

    def test_the_roles_are_those_of_the_house(self) -> None:
        assert set(get_args(RoleName)) == {role.value for role in Role}


class TestStaff:
    ADD = ("staff", "add", "--name", "Sam", "--email", "sam@livhana.example", "--position", "admin")

    def test_account_is_opened_with_a_password_that_is_asked_for(
        self, shell: Shell, emptied_url: str
    ) -> None:
        shell.set(DATABASE_URL=emptied_url)

        opened = shell.livhana(*self.ADD, typed="a long enough secret\n" * 2)

        assert opened.exit_code == 0
        assert re.search(r"^stf_\w{20} admin$", opened.stdout, re.MULTILINE)
        assert "a long enough secret" not in opened.output

    def test_refusal_is_one_sentence(self, shell: Shell, emptied_url: str) -> None:
        shell.set(DATABASE_URL=emptied_url)

        refused = shell.livhana(*self.ADD, typed="short\n" * 2)

        assert refused.exit_code == 1
        assert "Please choose a password" in refused.stderr


class TestMistakes:
    """Each is one sentence and exit code 1."""

    def told(self, result: Result) -> str:
        assert result.exit_code == 1
        assert result.stderr.count("\n") == 1
        return result.stderr

    def test_a_missing_secret_in_production(self, shell: Shell) -> None:
        shell.set(APP_ENV="production")

        assert "Set JWT_KEYS: production does not start without it." in self.told(shell.livhana("serve"))

    def test_a_setting_of_the_wrong_kind(self, shell: Shell) -> None:
        shell.set(PORT="http")

        assert self.told(shell.livhana("serve")).startswith("PORT is not usable: ")

    @pytest.mark.parametrize("name", ["JWT_KEYS", "ENCRYPTION_KEYS", "LOOKUP_KEY"])
    def test_a_key_that_is_none(self, shell: Shell, name: str) -> None:
        shell.set(**{name: "secret"})

        assert self.told(shell.livhana("serve")).startswith(f"{name} is not usable: ")

    def test_a_file_in_the_way_of_the_folder(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "var").touch()

        assert "cannot be used" in self.told(shell.livhana("serve"))

    def test_a_file_in_the_way_inside_it(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "var").mkdir()
        (tmp_path / "var" / "run").touch()

        assert re.match(r"\S*var/run cannot be used \(File exists\)", self.told(shell.livhana("serve")))

    def test_spoilt_secrets(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "var").mkdir()
        (tmp_path / "var" / "development-secrets.json").write_text("{")

        assert "development-secrets.json" in self.told(shell.livhana("serve"))

    def test_a_folder_of_something_else(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "var" / "postgres").mkdir(parents=True)
        shell.set(PORT=0)

        assert "is not a PostgreSQL folder" in self.told(shell.livhana("serve"))

    def test_a_port_in_use(self, shell: Shell) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            shell.set(PORT=taken.getsockname()[1])

            assert "is in use: set PORT to another one" in self.told(shell.livhana("serve"))

    def test_an_address_that_is_not_ours(self, settings: Settings) -> None:
        elsewhere = settings.api.model_copy(update={"host": "203.0.113.1", "port": 0})

        with pytest.raises(CannotServe, match=r"^HOST 203\.0\.113\.1 is not an address of this machine\.$"):
            open_door(elsewhere)

    def test_a_second_house_in_one_folder(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "var" / "run").mkdir(parents=True)
        with (tmp_path / "var" / "run" / "supervisor.lock").open("w") as lock:
            print(4711, file=lock, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)

            assert "livhana already runs in var (process 4711)." in self.told(shell.livhana("serve"))


class TestDeadLetters:
    def test_they_are_listed_with_the_reason_and_delivered_again_when_asked(
        self, shell: Shell, live_settings: Settings, ledger: Ledger, clock: FakeClock
    ) -> None:
        shell.set(DATABASE_URL=live_settings.ledger.url)
        warehouse = WarehouseFeed(FakeWarehouse(), TABLES)
        outbox = Outbox(ledger, [warehouse.subscriber(live_settings.warehouse).subscription], now=clock)
        event = outbox.publish(OrderMoved(id="ord_1", status="paid"))
        clock.advance(timedelta(minutes=1))
        Relay(ledger, [warehouse.subscriber(live_settings.warehouse)], now=clock).deliver("warehouse")

        listed = shell.livhana("dead-letters", "--retry").stdout

        assert f"warehouse {event.id} customer_id is missing" in listed
        assert "1 will be delivered again." in listed
        assert outbox.lag()[0].waiting == 1


class TestCheck:
    def test_it_says_what_to_do_when_nothing_runs(self, shell: Shell) -> None:
        shell.set(LOOKUP_KEY="short")

        result = shell.livhana("check")

        assert result.exit_code == 1
        assert "LOOKUP_KEY is not usable" in " ".join(result.stdout.split())
        assert result.stdout.count("✗") == 6
