-- Events that a subscriber rejected are dead letters of the outbox; those of the warehouse move there.

ALTER TABLE outbox_deliveries ADD COLUMN dead_lettered_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN outbox_deliveries.dead_lettered_at IS 'not tried again until a person asks for it';

INSERT INTO outbox (id, topic, customer_id, payload, at)
SELECT event_id, topic, payload ->> 'customer_id', payload, at FROM warehouse_parked
ON CONFLICT (id) DO NOTHING;

INSERT INTO outbox_deliveries
    (subscriber, event_id, appended_at, attempts, next_attempt_at, last_error, dead_lettered_at)
SELECT 'warehouse', event_id, at, 1, at, fault, at FROM warehouse_parked
ON CONFLICT (subscriber, event_id) DO UPDATE
SET delivered_at = NULL, last_error = EXCLUDED.last_error, dead_lettered_at = EXCLUDED.dead_lettered_at;

DROP TABLE warehouse_parked;
