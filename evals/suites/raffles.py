"""Raffle draws: fairness, cost of draw and verification, detection of tampering."""

from argparse import ArgumentParser, Namespace

from evals.raffles.fairness import METHODS, p_value
from evals.raffles.tampering import tamper
from evals.raffles.timing import cpu_by_size, exponent, from_ledger, peers
from evals.report import Goal, Report

DRAWS, TICKETS, SMALLEST = 10_000, 1_000_000, 1_000
P, SECONDS, GROWTH = 0.001, 2.0, 1.15
SHOWN = 10


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--draws", type=int, default=DRAWS, help=f"draws of 100 tickets, {DRAWS:,} by default"
    )
    parser.add_argument(
        "--tickets", type=int, default=TICKETS, help=f"tickets of the largest raffle, {TICKETS:,} by default"
    )


def run(options: Namespace) -> Report:
    p_values = {name: p_value(draw, draws=options.draws) for name, draw in METHODS.items()}
    sizes = [size for power in range(7) if (size := SMALLEST * 10**power) <= options.tickets]
    drawing, verifying = cpu_by_size(sizes)
    tampering = tamper()
    peer_seconds = peers(options.tickets)
    figures: dict[str, float] = {
        "draws": options.draws,
        "uniform p": p_values.pop(""),
        "tickets": sizes[-1],
        "draw CPU seconds": drawing[-1],
        "verify CPU seconds": verifying[-1],
        "draw growth exponent": exponent(sizes, drawing),
        "verify growth exponent": exponent(sizes, verifying),
        **from_ledger(options.tickets),
        "tamperings": tampering.tried,
        "caught": tampering.caught,
    }
    goals: dict[str, Goal] = {
        "uniform p": (">", P),
        "draw CPU seconds": ("<=", SECONDS),
        "verify CPU seconds": ("<=", SECONDS),
        "draw growth exponent": ("<=", GROWTH),
        "verify growth exponent": ("<=", GROWTH),
        "ledger close seconds": ("<=", SECONDS),
        "ledger draw seconds": ("<=", SECONDS),
        "caught": ("==", 1),
    }
    notes = [
        f"{size:,} tickets: draw {draw * 1000:.2f} ms, verify {check * 1000:.2f} ms"
        for size, draw, check in zip(sizes, drawing, verifying, strict=True)
    ]
    notes.append(
        "a peer's draw CPU is that of the choice of winners alone, without a hash of the list or a proof"
    )
    notes += [f"undetected: {field}" for field in tampering.undetected[:SHOWN]]
    measured = {
        name: {"uniform p": p, "draw CPU seconds": peer_seconds[name]} for name, p in p_values.items()
    }
    return Report("raffles", figures, goals, peers=measured, notes=notes)
