"""`livhana dev`: commands for whoever changes the program. See CONTRIBUTING.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from api.containers.container import Container

development = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="For whoever changes the program. For example: `livhana dev serve`",
)


@development.command()
def serve() -> None:
    """As `livhana serve`, with all logs here, and the processes started again whenever the code changes.

    The API reads from this terminal: `breakpoint()` in it opens the debugger here.

    For example: `livhana dev serve`
    """
    from api.entrypoints.development.sources import Sources
    from api.entrypoints.supervisor.door import CannotServe
    from api.entrypoints.supervisor.serve import serve as open_service
    from api.entrypoints.supervisor.supervisor import Development
    from foundation.settings import MisconfiguredError, load_settings

    try:
        open_service(load_settings(), Console(), development=Development(Sources().changed))
    except (CannotServe, MisconfiguredError) as reason:
        _stop(str(reason))


@development.command()
def migration(
    name: Annotated[str, typer.Argument(help="What it does, such as add_loyalty_stamps.")],
) -> None:
    """Author the next migration: what the declared tables have beyond the last one.

    It runs on a PostgreSQL of its own; no ledger is touched. Read both files before you commit them.

    For example: `livhana dev migration add_loyalty_stamps`
    """
    from api.entrypoints.development.migrations import author
    from foundation.migrations.authoring import CannotAuthor
    from foundation.migrations.digests import MigrationsAltered

    try:
        written = author(name)
    except (CannotAuthor, MigrationsAltered) as reason:
        _stop(str(reason))
    if written is None:
        typer.echo("The migrations make the declared tables already: nothing was written.")
        return
    for path in written:
        typer.echo(path)
    typer.echo("Read them: a rename is written as a drop and an add, and old rows need values for NOT NULL.")


@development.command()
def record_migrations() -> None:
    """Record the digests of new migrations, in the commit that lands them. From then on they are immutable.

    For example: `livhana dev record-migrations`
    """
    from foundation.migrations.digests import MigrationsAltered, record

    try:
        names = record()
    except MigrationsAltered as reason:
        _stop(str(reason))
    typer.echo("\n".join(names) or "Every migration is recorded already.")


@development.command()
def turn(
    turn_id: Annotated[str, typer.Argument(help="Such as trn_4h9s1k; chat answers and logs name it.")],
) -> None:
    """Show a turn's journal: the messages, each model answer and tool result, and the reply.

    For example: `livhana dev turn trn_4h9s1k`
    """
    from api.entrypoints.development.turns import show
    from foundation.errors import NotFound

    with _container() as container:
        try:
            for line in show(container.conversations.turns, turn_id):
                typer.echo(line)
        except NotFound as reason:
            _stop(str(reason))


@development.command()
def replay(
    turn_id: Annotated[str, typer.Argument(help="A turn that is done.")],
) -> None:
    """Run a turn again in this process, so that a debugger can follow it. Not in production.

    What its journal holds is read from there: no model is asked and no tool is called a second time.

    For example: `livhana dev replay trn_4h9s1k`
    """
    from api.entrypoints.development.turns import NotReplayed, show
    from api.entrypoints.development.turns import replay as run_again
    from foundation.errors import NotFound

    with _container() as container:
        try:
            run_again(container, turn_id)
            for line in show(container.conversations.turns, turn_id):
                typer.echo(line)
        except (NotFound, NotReplayed) as reason:
            _stop(str(reason))


@contextmanager
def _container() -> Iterator["Container"]:
    from api.containers.container import build_container
    from foundation.log import configure_logging
    from foundation.settings import MisconfiguredError, load_settings

    try:
        settings = load_settings()
    except MisconfiguredError as reason:
        _stop(str(reason))
    configure_logging(log_format=settings.log.log_format)
    container = build_container(settings)
    try:
        yield container
    finally:
        container.close()


def _stop(sentence: str) -> NoReturn:
    Console(stderr=True).print(sentence, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(1)
