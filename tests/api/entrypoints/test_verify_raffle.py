import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.entrypoints.cli import app
from commerce.raffles.draw.bundle import Commitment
from evals.raffles.sample_draws import bundle_bytes, make_commitment, make_outcome, with_field

HEAVY = ("sqlalchemy", "psycopg", "fastapi", "httpx", "torch", "numpy", "foundation.settings")


@pytest.fixture
def commitment() -> Commitment:
    return make_commitment(by_seed=True)


@pytest.fixture
def bundle(tmp_path: Path, commitment: Commitment) -> Path:
    path = tmp_path / "bundle.json"
    path.write_bytes(bundle_bytes(commitment, make_outcome(commitment)))
    return path


def livhana(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["raffle", "verify", *map(str, arguments)])


def test_one_screen_says_what_was_checked(bundle: Path, commitment: Commitment) -> None:
    result = livhana(bundle, "--published", commitment.sha256())

    told = result.stdout
    assert result.exit_code == 0
    assert commitment.sha256() in "".join(told.split())
    assert told.count("✓") == 7
    assert told.count("\n") < 24
    assert told.rstrip().endswith("The draw is right.")


def test_a_changed_winner_is_told_with_the_reason(bundle: Path) -> None:
    forged = with_field(bundle.read_bytes(), ("outcome", "winner", "ticket"), 1)
    bundle.write_text(forged.model_dump_json(by_alias=True))

    result = livhana(bundle)

    told = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert "published is ticket 1" in told
    assert told.endswith("This draw is not to be believed.")


def test_another_commitment_than_the_one_noted_fails(bundle: Path) -> None:
    assert livhana(bundle, "--published", "ab" * 32).exit_code == 1


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"format": "livhana-raffle/2"}', "\x00"])
def test_what_is_no_bundle_is_one_sentence(bundle: Path, text: str | None) -> None:
    if text is None:
        bundle.unlink()
    else:
        bundle.write_text(text)

    result = livhana(bundle)

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_it_needs_no_database_no_settings_and_no_network(bundle: Path) -> None:
    script = (
        "import sys, runpy\n"
        f"sys.argv = ['livhana', 'raffle', 'verify', {str(bundle)!r}]\n"
        "try: runpy.run_module('api.entrypoints.cli', run_name='__main__')\n"
        "except SystemExit: pass\n"
        f"print([each for each in {HEAVY} if each in sys.modules])"
    )

    told = subprocess.check_output([sys.executable, "-c", script], text=True)  # noqa: S603 - our own script

    assert "The draw is right." in told
    assert told.splitlines()[-1] == "[]"
