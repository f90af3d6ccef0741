"""What a careful person writes by hand: one guarded statement, and its ledger row in the same. Knows no Django."""

TABLES = """
    CREATE TABLE reference_level (
        sku text PRIMARY KEY, on_hand int NOT NULL CHECK (on_hand >= 0));
    CREATE TABLE reference_ledger (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text NOT NULL, delta int NOT NULL, balance int NOT NULL,
        reason text NOT NULL, reference text NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE INDEX ON reference_ledger (sku, id);
"""
STATEMENT = """
    WITH moved AS (
        UPDATE reference_level SET on_hand = on_hand + %(delta)s
         WHERE sku = %(sku)s AND on_hand + %(delta)s >= 0 RETURNING sku, on_hand)
    INSERT INTO reference_ledger (sku, delta, balance, reason, reference)
    SELECT sku, %(delta)s, on_hand, %(reason)s, %(reference)s FROM moved RETURNING balance
"""
