"""What an order becomes for the warehouse, the customer's memory and the notices to the customer."""

from commerce.checkout.events import (
    OrderFailedNotice,
    OrderHeldNotice,
    OrderItem,
    OrderReceiptNotice,
    OrderRow,
    Purchased,
    ReceiptLine,
)
from commerce.checkout.models import Order
from commerce.checkout.pricing import Line
from commerce.payments.events import RefundNotice
from foundation.money import Money

OrderNotice = OrderReceiptNotice | OrderHeldNotice | OrderFailedNotice | RefundNotice


def order_row(order: Order) -> OrderRow:
    return OrderRow(
        id=order.id,
        customer_id=order.customer_id,
        status=order.status,
        source=order.source,
        payment_id=order.payment_id,
        subtotal_cents=order.totals.subtotal.cents,
        discount_cents=order.totals.discount.cents,
        tax_cents=order.totals.tax.cents,
        total_cents=order.totals.total.cents,
        items=tuple(_item(line) for line in order.lines),
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def purchased(order: Order) -> Purchased:
    return Purchased(
        order_id=order.id,
        customer_id=order.customer_id,
        payment_method="credit_card",
        amount_cents=order.totals.total.cents,
        order_size=sum(line.quantity for line in order.lines),
        products=tuple(line.product_id for line in order.lines for _ in range(line.quantity)),
        timestamp=order.updated_at,
    )


def receipt(order: Order) -> OrderReceiptNotice:
    return OrderReceiptNotice(
        about=order.id,
        order_id=order.id,
        lines=tuple(
            ReceiptLine(name=line.name, quantity=line.quantity, amount_cents=line.subtotal.cents)
            for line in order.lines
        ),
        subtotal_cents=order.totals.subtotal.cents,
        discount_cents=order.totals.discount.cents,
        tax_cents=order.totals.tax.cents,
        total_cents=order.totals.total.cents,
        card_last_four=order.card_last_four,
    )


def held_notice(order: Order) -> OrderHeldNotice:
    return OrderHeldNotice(about=order.id, order_id=order.id, total_cents=order.totals.total.cents)


def failed_notice(order: Order, *, why: str, returned: Money) -> OrderFailedNotice:
    """To a customer who has left; `returned` is what their card had been charged."""
    return OrderFailedNotice(
        about=order.id,
        order_id=order.id,
        total_cents=order.totals.total.cents,
        why=why,
        returned_cents=returned.cents,
    )


def refund_notice(order: Order, *, amount: Money) -> RefundNotice:
    return RefundNotice(about=order.id, amount_cents=amount.cents, description=f"Order {order.id}")


def _item(line: Line) -> OrderItem:
    return OrderItem(
        product_id=line.product_id,
        sku=line.sku,
        quantity=line.quantity,
        price_cents=line.price.cents,
        discount_cents=line.discount.cents,
        tax_cents=line.tax.cents,
        is_gift=line.is_gift,
    )
