"""What an order tells the warehouse and the customer's mailbox."""

from typing import Any

from commerce.checkout.models import Order
from commerce.checkout.pricing import Line
from foundation.money import Money


def order_fact(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "customer_id": order.customer_id,
        "status": order.status,
        "source": order.source,
        "payment_id": order.payment_id,
        "subtotal_cents": order.totals.subtotal.cents,
        "discount_cents": order.totals.discount.cents,
        "tax_cents": order.totals.tax.cents,
        "total_cents": order.totals.total.cents,
        "items": [_item(line) for line in order.lines],
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


def purchase_fact(order: Order) -> dict[str, Any]:
    """The order as the customer's memory keeps it: a product once for each of its pieces."""
    return {
        "order_id": order.id,
        "customer_id": order.customer_id,
        "payment_method": "credit_card",
        "amount_cents": order.totals.total.cents,
        "order_size": sum(line.quantity for line in order.lines),
        "products": [line.product_id for line in order.lines for _ in range(line.quantity)],
        "timestamp": order.updated_at.isoformat(),
    }


def receipt(order: Order) -> dict[str, Any]:
    return {
        "template": "order_receipt",
        "about": order.id,
        "order_id": order.id,
        "lines": [
            {"name": line.name, "quantity": line.quantity, "amount_cents": line.subtotal.cents}
            for line in order.lines
        ],
        "subtotal_cents": order.totals.subtotal.cents,
        "discount_cents": order.totals.discount.cents,
        "tax_cents": order.totals.tax.cents,
        "total_cents": order.totals.total.cents,
        "card_last_four": order.card_last_four,
    }


def held_notice(order: Order) -> dict[str, Any]:
    total_cents = order.totals.total.cents
    return {"template": "order_held", "about": order.id, "order_id": order.id, "total_cents": total_cents}


def failed_notice(order: Order, *, why: str, returned: Money) -> dict[str, Any]:
    """To a customer who was not there to hear `why`; `returned` is what their card had been charged."""
    return {
        "template": "order_failed",
        "about": order.id,
        "order_id": order.id,
        "total_cents": order.totals.total.cents,
        "why": why,
        "returned_cents": returned.cents,
    }


def refund_notice(order: Order, *, amount: Money) -> dict[str, Any]:
    return {
        "template": "refund",
        "about": order.id,
        "amount_cents": amount.cents,
        "description": f"Order {order.id}",
    }


def _item(line: Line) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "price_cents": line.price.cents,
        "discount_cents": line.discount.cents,
        "tax_cents": line.tax.cents,
        "is_gift": line.is_gift,
    }
