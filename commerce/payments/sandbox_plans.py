"""The monthly plans of the sandbox gateway: it charges what is due at a given time."""

import calendar
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from commerce.payments import gateway_store
from commerce.payments.models import INVOICE_LENGTH
from commerce.payments.ports import Notification, Plan, PlanState, PlanStatus, Verdict
from commerce.payments.sandbox_store import sandbox_charges, sandbox_plans
from foundation.clock import Clock
from foundation.ids import new_id
from foundation.money import Money
from foundation.sql import Ledger

VERDICTS = {
    "tok_decline": Verdict.DECLINED,
    "tok_error": Verdict.ERROR,
    "tok_hold": Verdict.HELD,
}
FAILED = frozenset({Verdict.DECLINED, Verdict.ERROR})


class SandboxPlans:
    def __init__(self, ledger: Ledger, *, now: Clock) -> None:
        self._ledger = ledger
        self._now = now

    def subscribe(self, plan: Plan) -> str:
        row = {
            "subscription_id": new_id("sub"),
            "invoice": plan.invoice,
            "token": plan.token,
            "name": plan.name,
            "amount_cents": plan.amount.cents,
            "currency": plan.amount.currency,
            "first_at": plan.first_at,
            "next_at": plan.first_at,
            "status": PlanStatus.ACTIVE,
        }
        with self._ledger.new_transaction() as connection:
            connection.execute(insert(sandbox_plans).values(row).on_conflict_do_nothing())
            return self._id_of(connection, plan.invoice) or ""

    def find_plan(self, invoice: str) -> str | None:
        with self._ledger.new_transaction() as connection:
            return self._id_of(connection, invoice)

    def change_plan(
        self, subscription_id: str, *, amount: Money | None = None, token: str | None = None
    ) -> None:
        """Another card brings a suspended plan back to life."""
        mine = update(sandbox_plans).where(sandbox_plans.c.subscription_id == subscription_id)
        with self._ledger.new_transaction() as connection:
            if amount is not None:
                connection.execute(mine.values(amount_cents=amount.cents))
            if token is not None:
                connection.execute(mine.values(token=token))
                is_suspended = sandbox_plans.c.status == PlanStatus.SUSPENDED
                connection.execute(mine.where(is_suspended).values(status=PlanStatus.ACTIVE))

    def stop_plan(self, subscription_id: str) -> None:
        mine = update(sandbox_plans).where(sandbox_plans.c.subscription_id == subscription_id)
        with self._ledger.new_transaction() as connection:
            connection.execute(mine.values(status=PlanStatus.CANCELED))

    def plan(self, subscription_id: str) -> PlanState:
        charged = select(sandbox_charges.c.transaction_id).where(
            sandbox_charges.c.subscription_id == subscription_id
        )
        status = select(sandbox_plans.c.status).where(sandbox_plans.c.subscription_id == subscription_id)
        with self._ledger.new_transaction() as connection:
            oldest = connection.execute(charged.order_by(sandbox_charges.c.charged_at)).scalars().all()
            return PlanState(PlanStatus(connection.execute(status).scalar_one()), tuple(oldest))

    def bill_due(self, now: datetime) -> int:
        """Charge what is due and send a notification of each charge; how many there were.

        A gateway charges on the days of the plan whether the shop runs or not, so after an
        outage there is a charge for each of them.
        """
        due = select(sandbox_plans).where(
            sandbox_plans.c.status == PlanStatus.ACTIVE, sandbox_plans.c.next_at <= now
        )
        billed = 0
        while True:
            with self._ledger.new_transaction() as connection:
                oldest = due.order_by(sandbox_plans.c.next_at).limit(1).with_for_update(skip_locked=True)
                row = connection.execute(oldest).mappings().first()
                if row is None:
                    return billed
                self._bill(connection, row)
            billed += 1

    def _bill(self, connection: Connection, plan: RowMapping) -> None:
        transaction_id = new_id("txn")
        verdict = verdict_on(plan["token"])
        charge = {
            "transaction_id": transaction_id,
            "invoice": transaction_id[-INVOICE_LENGTH:],
            "token": plan["token"],
            "amount_cents": plan["amount_cents"],
            "currency": plan["currency"],
            "description": plan["name"],
            "verdict": verdict,
            "charged_at": plan["next_at"],
            "subscription_id": plan["subscription_id"],
        }
        connection.execute(insert(sandbox_charges).values(charge))
        mine = update(sandbox_plans).where(sandbox_plans.c.subscription_id == plan["subscription_id"])
        connection.execute(
            mine.values(
                billed=plan["billed"] + 1,
                next_at=months_after(plan["first_at"], plan["billed"] + 1),
                status=PlanStatus.SUSPENDED if verdict in FAILED else PlanStatus.ACTIVE,
            )
        )
        notification = Notification(new_id("ntf"), "transaction", transaction_id)
        gateway_store.put_notification(connection, notification, at=self._now())

    def _id_of(self, connection: Connection, invoice: str) -> str | None:
        wanted = select(sandbox_plans.c.subscription_id).where(sandbox_plans.c.invoice == invoice)
        return connection.execute(wanted).scalar_one_or_none()


def kind_of(token: str) -> str:
    """What the card does; what follows the dot distinguishes it from others that do the same."""
    return token.partition(".")[0]


def verdict_on(token: str) -> Verdict:
    return VERDICTS.get(kind_of(token), Verdict.APPROVED)


def months_after(first: datetime, count: int) -> datetime:
    """The same day so many months on; the last of the month where there is no such day."""
    years, month = divmod(first.month - 1 + count, 12)
    last = calendar.monthrange(first.year + years, month + 1)[1]
    return first.replace(year=first.year + years, month=month + 1, day=min(first.day, last))
