-- One row or more in every table of a ledger as migration 0001 first made it.

INSERT INTO data_keys VALUES ('cus_ana', 'wrapped', 'k1', '2026-01-05T10:00Z', NULL);
INSERT INTO revoked_tokens VALUES ('tok_1', '2026-03-01T00:00Z');
INSERT INTO idempotency_keys VALUES ('cus_ana', 'key-1', 'hash', 'clm_1', '2026-02-01T10:00Z', 200, '{}', '\x7b7d');
INSERT INTO outbox VALUES ('evt_1', 'turns', 'cus_ana', '{"turn_id": "trn_1"}', '2026-02-01T10:00Z');
INSERT INTO jobs (id, kind, payload, status, created_at, updated_at)
VALUES ('job_1', 'reasoning', '{}', 'queued', '2026-02-01T10:00Z', '2026-02-01T10:00Z');
INSERT INTO warehouse_parked VALUES ('evt_0', 'turns', '{}', 'unknown topic', '2026-02-01T09:00Z');

INSERT INTO facts VALUES
    ('fct_1', 'cus_ana', 'customer', 'favourite_flavour', 'mint', 'trn_1', 0.9, '2026-01-10T10:00Z', '2026-01-20T10:00Z', '2026-01-10T10:00Z'),
    ('fct_2', 'cus_ana', 'customer', 'favourite_flavour', 'berry', 'trn_1', 0.9, '2026-01-20T10:00Z', NULL, '2026-01-20T10:00Z'),
    ('fct_3', 'cus_ana', 'customer', 'allergy', 'hazelnut', NULL, 0.8, '2026-01-11T10:00Z', '2026-01-12T10:00Z', '2026-01-11T10:00Z');
INSERT INTO interactions VALUES
    ('int_1', 'cus_ana', 1, 'thr_1', 'chat', '2026-02-01T10:00Z', 'hello', 'Hello, Ana.', 'greeting', '\x0000');
INSERT INTO profiles VALUES ('cus_ana', 1, '{}');

INSERT INTO customers VALUES
    ('cus_ana', 'name', 'email', 'digest-ana', 'phone', 'phone-digest', 'TX', '2026-01-05T10:00Z'),
    ('cus_ben', 'name', 'email', 'digest-ben', NULL, NULL, NULL, '2026-01-06T10:00Z');
INSERT INTO handoffs VALUES ('hnd_1', 'thr_1', 'cus_ana', 'Asks for a person.', '2026-02-01T10:05Z', NULL);
INSERT INTO products VALUES
    ('prd_1', 'demo', 'SKU-1', 'Calm Drops', 'LivHana', 'tincture', 'Mint drops.', '{calm}', '{mint}', 25, 0, 2900, 'USD', 12, true, '{}', '2026-01-05T10:00Z', 1);
INSERT INTO sandbox_charges VALUES
    ('txn_1', 'inv_1', 'tok_approve', 1500, 'USD', 'SILVER membership', 'approved', '2026-01-15T10:00Z', NULL),
    ('txn_2', 'inv_2', 'tok_approve', 500, 'USD', 'Spring raffle', 'approved', '2026-01-16T10:00Z', 'void');
INSERT INTO raffles VALUES
    ('raf_1', 'Spring', 'A hamper', 500, 'USD', 100, 10, 21, '2026-01-01T00:00Z', '2026-03-01T00:00Z', 'open', 1, '2026-01-01T00:00Z');

INSERT INTO threads VALUES ('thr_1', 'cus_ana', 'chat', '2026-02-01T10:00Z', NULL, 1);
INSERT INTO turns (id, thread_id, principal_id, role, channel, status, fence, attempts, exchange, reply, created_at, finished_at)
VALUES ('trn_1', 'thr_1', 'cus_ana', 'customer', 'chat', 'done', 1, 1, '[]', '{"text": "Hello, Ana."}', '2026-02-01T10:00Z', '2026-02-01T10:00Z');
INSERT INTO messages (thread_id, message_id, turn_id, text, masked, at)
VALUES ('thr_1', 'msg_1', 'trn_1', 'hello', '{}', '2026-02-01T10:00Z');
INSERT INTO journal (turn_id, key, attempt, data, at) VALUES ('trn_1', 'model:0', 1, '{}', '2026-02-01T10:00Z');
INSERT INTO effects VALUES ('thr_1', 'call_1', 'cus_ana', 'remember_preference', 'digest', '{}', '2026-02-01T10:00Z');
INSERT INTO pending_actions VALUES
    ('act_1', 'thr_1', 'call_2', 'trn_1', 'cus_ana', 'join_membership', '{"tier": "GOLD"}', 'digest', 'Join GOLD for $30.00 a month?', 'waiting', '2026-02-01T10:00Z', '2026-02-01T10:10Z');
INSERT INTO chores VALUES ('reconcile_payments', '2026-02-01T10:00Z');
INSERT INTO outbox_deliveries (subscriber, event_id, appended_at, next_attempt_at)
VALUES ('warehouse', 'evt_1', '2026-02-01T10:00Z', '2026-02-01T10:00Z');

INSERT INTO age_verifications VALUES
    ('age_1', 'cus_ana', true, 'TX', 'barcode', 'name', 'birthday', 'last4', NULL, '2026-01-05T11:00Z', '2027-01-05T11:00Z');
INSERT INTO age_failed_tries VALUES ('try_1', 'cus_ben', '2026-01-06T11:00Z');
INSERT INTO cards VALUES ('crd_1', 'cus_ana', 'token', 'nonce', 'Visa', '1111', true, '2026-01-14T10:00Z');
INSERT INTO payments VALUES
    ('pay_membership', 'membership:1', 'cus_ana', 'crd_1', 1500, 'USD', 'SILVER membership', 'inv_1', 'approved', 'txn_1', NULL, '2026-01-15T10:00Z', '2026-01-15T10:00Z', '2026-01-15T10:00Z', NULL, NULL),
    ('pay_raffle', 'raffle:1', 'cus_ana', 'crd_1', 500, 'USD', 'Spring raffle', 'inv_2', 'returning', 'txn_2', NULL, '2026-01-16T10:00Z', '2026-01-16T10:00Z', NULL, NULL, 'the raffle had closed');
INSERT INTO memberships VALUES
    ('mem_1', 'membership:1', 'cus_ana', 'SILVER', 'active', 1500, 'USD', 10, 'pay_membership', '2026-01-15T10:00Z', '2026-02-15T10:00Z', NULL, '2026-01-15T10:00Z', '2026-01-15T10:00Z'),
    ('mem_2', 'membership:2', 'cus_ben', 'GOLD', 'cancelled', 3000, 'USD', 20, NULL, '2026-01-08T10:00Z', '2026-02-08T10:00Z', '2026-01-20T10:00Z', '2026-01-08T10:00Z', '2026-01-20T10:00Z');
INSERT INTO raffle_purchases VALUES
    ('rpu_1', 'raffle:0', 'raf_1', 'cus_ana', 1, 500, 'USD', 'issued', '2026-01-16T10:10Z', NULL, '2026-01-16T10:00Z');
INSERT INTO raffle_tickets VALUES ('tck_1', 'raf_1', 1, 'cus_ana', 'rpu_1', '2026-01-16T10:00Z');
