"""The command line `livhana`. Each command loads what it needs itself, so that `--help` is quick."""

import socket
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from api.entrypoints.development.commands import development
from api.entrypoints.supervisor.children import say_ready

if TYPE_CHECKING:
    from foundation.settings import Settings

HELP = """A regulated shop with an agent that talks, remembers, and does everything exactly once.

Every setting is an environment variable, or a line in the file .env (see .env.example).

First steps:

- `livhana serve` opens the shop on http://127.0.0.1:8080 and prints logins to try it with

- `livhana check` says what is wrong, if anything is, and how to mend it
"""
app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
staff_app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Those who work in the shop.")
app.add_typer(staff_app, name="staff")
PositionName = Literal["support", "manager", "compliance", "admin"]
raffle = typer.Typer(
    help="Check a raffle's draw. For example: `livhana raffle verify bundle.json`",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(raffle, name="raffle")
app.add_typer(development, name="dev")
RoleName = Literal["customer", "staff", "admin", "guest", "service"]
StaffRoleName = Literal["support", "manager", "compliance"]
ReadyFd = Annotated[int | None, typer.Option("--ready-fd", hidden=True)]
ListenFd = Annotated[int | None, typer.Option("--listen-fd", hidden=True)]
SUBJECTS: dict[RoleName, str] = {
    "customer": "cus_demo",
    "staff": "stf_demo",
    "admin": "adm_demo",
    "service": "svc_demo",
}


@app.command()
def serve() -> None:
    """Open the whole shop on this machine: API, worker, scheduler and relay, with their servers.

    PostgreSQL and Valkey are started too, unless DATABASE_URL and REDIS_URL name others. The first
    start makes the ledger's tables, the embedder and, in development, a demo shop; later starts
    find them again. Ctrl-C closes everything in order.

    For example:

    - `livhana serve`

    - `PORT=9000 VAR_DIR=/srv/livhana livhana serve`
    """
    settings = _settings()
    from api.entrypoints.supervisor.door import CannotServe
    from api.entrypoints.supervisor.serve import serve as open_house

    try:
        open_house(settings, Console())
    except CannotServe as reason:
        _stop(str(reason))


@app.command()
def seed(
    customers: Annotated[
        int | None, typer.Option(min=1, help="How many. Left out: as DEMO_CUSTOMERS says.")
    ] = None,
) -> None:
    """Build the demo shop of so many customers, unless it is there.

    `livhana serve` does so at its first start. A ledger that does not run is started, and stopped again.

    For example: `livhana seed --customers 50`
    """
    settings = _settings()
    from api.entrypoints.supervisor.door import CannotServe
    from api.entrypoints.supervisor.seeding import seed as build_demo_shop

    try:
        build_demo_shop(settings, Console(), customers=customers)
    except CannotServe as reason:
        _stop(str(reason))


@app.command()
def worker(ready_fd: ReadyFd = None) -> None:
    """Work on queued jobs: long questions, and turns that were cut off.

    `livhana serve` runs one already; start more where one is not enough. Ctrl-C lets the job at
    hand finish.

    For example: `livhana worker`
    """
    settings = _settings(logged=True)
    from api.entrypoints.worker import run_worker

    run_worker(settings, ready=partial(say_ready, ready_fd))


@app.command()
def token(
    role: Annotated[RoleName, typer.Option(help="What the bearer may do.")],
    subject: Annotated[
        str | None,
        typer.Option(help="Whom it speaks for, such as cus_demo. Left out: somebody of the demo shop."),
    ] = None,
    staff_role: Annotated[
        StaffRoleName | None,
        typer.Option("--staff-role", "--duty", help="For staff only. Left out: a manager's scopes."),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, help="How long it is valid. Left out: as JWT_TTL_HOURS says.")
    ] = None,
) -> None:
    """Print a signed token for the API, and nothing else.

    For example:

    - `livhana token --role customer --subject cus_demo`

    - `curl -H "Authorization: Bearer $(livhana token --role staff)" http://127.0.0.1:8080/metrics`
    """
    settings = _settings()
    from foundation.auth import Principal, Role, StaffRole, Tokens
    from foundation.ids import new_id
    from foundation.sql import open_ledger

    if subject is None and settings.is_production and role != "guest":
        _stop("Say whom the token speaks for: --subject.")
    if staff_role and role != "staff":
        _stop("Only staff have a staff role: leave --staff-role out, or set --role staff.")
    principal = Principal(
        subject or SUBJECTS.get(role) or new_id("gst"),
        Role(role),
        staff_role=StaffRole(staff_role) if staff_role else None,
    )
    tokens = Tokens(settings.auth, open_ledger(settings.ledger))
    typer.echo(tokens.issue(principal, ttl=timedelta(hours=hours) if hours else None))


@staff_app.command("add")
def add_staff(
    name: Annotated[str, typer.Option(help="Whose account it is.")],
    email: Annotated[str, typer.Option(help="What they sign in with.")],
    position: Annotated[PositionName, typer.Option(help="What they may do.")] = "support",
) -> None:
    """Open an account for somebody who works in the shop; asks for a first password twice.

    The first admin is made here; from then on admins do it over the API. The program must have been
    started once, so that the ledger's tables are there.

    For example: `livhana staff add --name "Sam Staff" --email sam@livhana.example --position admin`
    """
    settings = _settings()
    password = typer.prompt("First password", hide_input=True, confirmation_prompt=True)
    from api.containers.commerce import build_commerce
    from api.containers.infrastructure import build_infrastructure
    from commerce.customers.staff import Position
    from foundation.errors import ShopError

    infrastructure = build_infrastructure(settings)
    try:
        member = build_commerce(infrastructure).customers.staff.add(
            name=name, email=email, position=Position(position), password=password, by="livhana staff add"
        )
    except ShopError as refusal:
        _stop(str(refusal))
    finally:
        infrastructure.close()
    typer.echo(f"{member.id} {member.position}")


@app.command()
def check() -> None:
    """Look at settings, ledger, cache, warehouse, embedder and vectors: what is wrong, and how to mend it.

    The exit code is 0 when all is well and 1 when something is not. Nothing is changed.

    For example: `livhana check && echo all is well`
    """
    settings = _settings()
    from api.entrypoints.check import examine

    table = Table.grid(padding=(0, 2))
    for _ in range(4):
        table.add_column(overflow="fold")
    findings = list(examine(settings))
    for finding in findings:
        table.add_row(
            "[green]✓[/]" if finding.is_well else "[red]✗[/]", finding.part, finding.says, finding.mend
        )
    Console().print(table)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


@app.command()
def learn(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="A line for each, as POST /api/memory/learn takes it."
        ),
    ],
) -> None:
    """Learn conversations that were held elsewhere: by telephone, by e-mail, in another program.

    Every line is checked before the first is learned. What is known already is passed over, so a run that was
    cut off is taken up by giving the same file again.

    For example: `livhana learn calls.jsonl`
    """
    settings = _settings()
    from api.containers.container import build_container
    from api.entrypoints.import_turns import NotLearned, learn_file

    container = build_container(settings)
    try:
        told, learned = learn_file(file, container.memory.recording, Console(stderr=True))
    except NotLearned as reason:
        _stop(str(reason))
    finally:
        container.close()
    typer.echo(f"{told} told, {learned} new")


@app.command("dead-letters")
def dead_letters(
    retry: Annotated[
        bool, typer.Option("--retry", help="Deliver them once more, after a correction.")
    ] = False,
) -> None:
    """List the events that a subscriber could not take, each with the reason.

    For example: `livhana dead-letters --retry`
    """
    settings = _settings()
    from foundation.clock import system_clock
    from foundation.outbox import Outbox
    from foundation.sql import open_ledger

    ledger = open_ledger(settings.ledger)
    try:
        outbox = Outbox(ledger, (), now=system_clock)
        for letter in outbox.dead_letters():
            typer.echo(f"{letter.at:%Y-%m-%d %H:%M} {letter.subscriber} {letter.event_id} {letter.reason}")
        if retry:
            typer.echo(f"{outbox.retry_dead_letters()} will be delivered again.")
    finally:
        ledger.close()


@raffle.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="What GET /api/raffles/ID/proof gives.")],
    published: Annotated[
        str | None,
        typer.Option(help="The commitment's SHA-256 as it was shown at closing, if you have noted it."),
    ] = None,
) -> None:
    """Check a draw by its published bundle alone: without the shop, its database or a network.

    It fails, and says why, when a ticket, the round, the seed or a winner is not what was promised.

    For example:

    - `livhana raffle verify bundle.json`

    - `curl -s http://127.0.0.1:8080/api/raffles/raf_spring/proof > bundle.json`
    """
    from api.entrypoints.verify_raffle import NoBundle, report

    try:
        is_right = report(bundle, Console(), published=published)
    except NoBundle as reason:
        _stop(str(reason))
    if not is_right:
        raise typer.Exit(1)


@app.command(hidden=True)
def api(ready_fd: ReadyFd = None, listen_fd: ListenFd = None) -> None:
    """Answer HTTP on the socket that was handed over, or on HOST and PORT."""
    settings = _settings(logged=True)
    from api.containers.container import build_container
    from api.entrypoints.server import run_api
    from api.entrypoints.supervisor.door import CannotServe, open_door

    try:
        door = open_door(settings.api) if listen_fd is None else socket.socket(fileno=listen_fd)
    except CannotServe as reason:
        _stop(str(reason))
    run_api(build_container(settings), door=door, ready=partial(say_ready, ready_fd))


@app.command(hidden=True)
def scheduler(ready_fd: ReadyFd = None) -> None:
    """Take up cut-off turns and lost jobs, reconcile payments, and clear away what is old."""
    settings = _settings(logged=True)
    from api.entrypoints.scheduler import run_scheduler

    run_scheduler(settings, ready=partial(say_ready, ready_fd))


@app.command(hidden=True)
def relay(ready_fd: ReadyFd = None) -> None:
    """Carry events from the outbox to their subscribers."""
    settings = _settings(logged=True)
    from api.entrypoints.relay import run_relay

    run_relay(settings, ready=partial(say_ready, ready_fd))


@app.command("seed-ledger", hidden=True)
def generate(customers: Annotated[int, typer.Option(min=1)]) -> None:
    """Generate the demo shop in a ledger that runs and has its tables."""
    settings = _settings()
    from api.entrypoints.seed import NotSeeded, seed_ledger

    try:
        seed_ledger(settings, Console(stderr=True), customers=customers)
    except NotSeeded as reason:
        _stop(str(reason))


@app.command("train-models", hidden=True)
def train() -> None:
    """Train the heads of the models where they are missing."""
    settings = _settings()
    from api.entrypoints.training import train_models

    train_models(settings)


def _settings(*, logged: bool = False) -> "Settings":
    """The settings; `logged` for a process that writes a log."""
    from foundation.settings import MisconfiguredError, load_settings

    try:
        settings = load_settings()
    except MisconfiguredError as reason:
        _stop(str(reason))
    except OSError as error:
        _stop(f"{error.filename} cannot be used ({error.strerror}): mend it, or set VAR_DIR.")
    if logged:
        from foundation.log import configure_logging

        configure_logging(log_format=settings.log.log_format)
    return settings


def _stop(sentence: str) -> NoReturn:
    Console(stderr=True).print(sentence, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
