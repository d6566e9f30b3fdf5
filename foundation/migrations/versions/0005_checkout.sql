ALTER TABLE products
    ADD COLUMN min_tier TEXT,
    ADD COLUMN released_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reserved INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN moves BIGINT DEFAULT 0 NOT NULL;
COMMENT ON COLUMN products.moves IS 'how often its stock has moved';
ALTER TABLE products SET (fillfactor = 70);

CREATE TABLE stock_reservations (
    key TEXT NOT NULL,
    product_id TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_stock_reservations PRIMARY KEY (key, product_id),
    CONSTRAINT fk_stock_reservations_product_id FOREIGN KEY(product_id) REFERENCES products (id)
);
CREATE INDEX ix_stock_reservations_product_id ON stock_reservations (product_id);
CREATE INDEX ix_stock_reservations_until ON stock_reservations (until);

CREATE TABLE cart_lines (
    owner_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    price_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cart_lines PRIMARY KEY (owner_id, product_id),
    CONSTRAINT fk_cart_lines_product_id FOREIGN KEY(product_id) REFERENCES products (id)
);
COMMENT ON COLUMN cart_lines.owner_id IS 'a customer or a guest';
CREATE INDEX ix_cart_lines_locked_until ON cart_lines (locked_until);

CREATE TABLE orders (
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    status TEXT NOT NULL,
    state VARCHAR(2) NOT NULL,
    percent INTEGER NOT NULL,
    lines JSONB NOT NULL,
    subtotal_cents BIGINT NOT NULL,
    discount_cents BIGINT NOT NULL,
    tax_cents BIGINT NOT NULL,
    total_cents BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    card_last_four VARCHAR(4) NOT NULL,
    source TEXT NOT NULL,
    from_cart BOOLEAN NOT NULL,
    payment_id TEXT,
    review_id TEXT,
    reasons JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_orders PRIMARY KEY (id),
    CONSTRAINT uq_orders_key UNIQUE (key),
    CONSTRAINT uq_orders_review_id UNIQUE (review_id),
    CONSTRAINT fk_orders_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id),
    CONSTRAINT fk_orders_payment_id FOREIGN KEY(payment_id) REFERENCES payments (id)
);
CREATE INDEX ix_orders_customer ON orders (customer_id, created_at);
CREATE INDEX ix_orders_created ON orders (created_at);
CREATE INDEX ix_orders_open ON orders (updated_at) WHERE status IN ('pending', 'review');
