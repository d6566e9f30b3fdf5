"""Groups of operations in the OpenAPI document."""

TAGS = [
    {"name": "auth", "description": "Guest tokens, registration, signing in and out, sessions, passwords."},
    {"name": "customers", "description": "A customer's profile, addresses, consents and preferences."},
    {"name": "age", "description": "Proof of age, without which nothing for adults is sold."},
    {"name": "catalogue", "description": "Products and what the caller's membership means for them."},
    {"name": "checkout", "description": "The cart, quotes and purchases."},
    {"name": "orders", "description": "Orders; for staff also cancellations and reviews."},
    {"name": "payments", "description": "Cards on file, payments, refunds, payments held for review."},
    {"name": "memberships", "description": "Tiers, memberships, benefits and promotions."},
    {"name": "raffles", "description": "Raffles, tickets, draws and their proofs."},
    {"name": "chat", "description": "Messages to the agent; replies as JSON or as server-sent events."},
    {"name": "reasoning", "description": "Questions that a worker answers, however long it takes."},
    {
        "name": "memory",
        "description": "What is remembered of a customer: profile, facts, context, predictions, "
        "search, export and erasure.",
    },
    {"name": "knowledge", "description": "Documents that the agent quotes."},
    {"name": "notices", "description": "Notices by e-mail and text message, and the end of offers."},
    {"name": "handoffs", "description": "Conversations that wait for a person."},
    {"name": "fraud", "description": "Purchases that may be fraud."},
    {"name": "demand", "description": "What to order again."},
    {"name": "admin", "description": "Figures of the business."},
    {"name": "staff", "description": "Staff accounts."},
    {"name": "webhooks", "description": "Notifications of vendors."},
    {"name": "health", "description": "Probes."},
]
