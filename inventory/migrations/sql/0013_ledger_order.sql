-- The last ledger row of a level, asked for in the whole order of its index. Asked for `sequence` alone, PostgreSQL may
-- still go through all rows of the product and sort them: it does where the index on products is less deep than the one
-- on numbers, and where it believes that most products have few rows.
CREATE OR REPLACE FUNCTION level_agrees_with_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    level inventory_stocklevel;
    last inventory_stockmovement;
BEGIN
    SELECT * INTO level FROM inventory_stocklevel v WHERE v.id = NEW.id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO last FROM inventory_stockmovement m
     WHERE (m.product_id, m.location_id) <= (level.product_id, level.location_id)
     ORDER BY m.product_id DESC, m.location_id DESC, m.sequence DESC LIMIT 1;
    IF (last.product_id, last.location_id) IS DISTINCT FROM (level.product_id, level.location_id) THEN
        last := NULL;
    END IF;
    IF level.sequence <> COALESCE(last.sequence, 0) OR level.on_hand <> COALESCE(last.balance_on_hand, 0)
        OR level.unavailable <> COALESCE(last.balance_unavailable, 0)
        OR level.allocated <> COALESCE(last.balance_allocated, 0)
        OR level.reserved <> COALESCE(last.balance_reserved, 0) THEN
        RAISE EXCEPTION 'the counters of level % do not stand in the ledger; move stock with stock_move()', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'level_agrees_with_ledger', TABLE = 'inventory_stocklevel';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION movement_follows_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    level inventory_stocklevel;
    last inventory_stockmovement;
BEGIN
    SELECT * INTO level FROM inventory_stocklevel v WHERE v.product_id = NEW.product_id AND v.location_id = NEW.location_id;
    SELECT * INTO last FROM inventory_stockmovement m
     WHERE (m.product_id, m.location_id, m.sequence) < (NEW.product_id, NEW.location_id, NEW.sequence)
     ORDER BY m.product_id DESC, m.location_id DESC, m.sequence DESC LIMIT 1;
    IF (last.product_id, last.location_id) IS DISTINCT FROM (NEW.product_id, NEW.location_id) THEN
        last := NULL;
    END IF;
    IF NOT (level.sequence >= NEW.sequence) IS TRUE OR COALESCE(last.sequence, 0) <> NEW.sequence - 1
        OR NEW.balance_on_hand <> COALESCE(last.balance_on_hand, 0) + NEW.delta_on_hand
        OR NEW.balance_unavailable <> COALESCE(last.balance_unavailable, 0) + NEW.delta_unavailable
        OR NEW.balance_allocated <> COALESCE(last.balance_allocated, 0) + NEW.delta_allocated
        OR NEW.balance_reserved <> COALESCE(last.balance_reserved, 0) + NEW.delta_reserved
        OR NEW.recorded_at < last.recorded_at
        OR instant_of_uuid(NEW.id) <> floor(extract(epoch FROM NEW.recorded_at) * 1000) THEN
        RAISE EXCEPTION 'ledger row % does not follow the last one of its level', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_follows_the_last', TABLE = 'inventory_stockmovement';
    END IF;
    RETURN NULL;
END $$;
