-- Purchases as memory sees them, predictions and how they turned out.

CREATE TABLE purchases (
    order_id TEXT NOT NULL,
    customer_id TEXT,
    at TIMESTAMP WITH TIME ZONE,
    day DATE,
    amount_cents BIGINT,
    products TEXT[],
    CONSTRAINT pk_purchases PRIMARY KEY (order_id)
);

CREATE INDEX ix_purchases_customer_id_day ON purchases (customer_id, day);

COMMENT ON TABLE purchases IS 'all empty but the id: the order was given back';

CREATE TABLE rhythms (
    customer_id TEXT NOT NULL,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    days INTEGER NOT NULL,
    spent_cents BIGINT NOT NULL,
    CONSTRAINT pk_rhythms PRIMARY KEY (customer_id)
);

CREATE TABLE prediction_models (
    version TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    document JSONB NOT NULL,
    tastes BYTEA,
    CONSTRAINT pk_prediction_models PRIMARY KEY (version)
);

CREATE INDEX ix_prediction_models_made_at ON prediction_models (made_at);

CREATE TABLE predictions (
    id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value JSONB NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    horizon_days INTEGER NOT NULL,
    model_version TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_on DATE NOT NULL,
    actual_value JSONB,
    accuracy DOUBLE PRECISION,
    scored_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_predictions PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_predictions_open ON predictions (customer_id, kind) WHERE scored_at IS NULL;

CREATE INDEX ix_predictions_due ON predictions (due_on) WHERE scored_at IS NULL;

CREATE INDEX ix_predictions_customer_id_made_at ON predictions (customer_id, made_at);
