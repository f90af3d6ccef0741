-- Asked for one number of a level, PostgreSQL may as well go through all rows of its product, where it believes that most
-- products have few: both indexes seem equally good. Asked for the next number downwards, only one of them is in order.
CREATE OR REPLACE FUNCTION movement_follows_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    level inventory_stocklevel;
    last inventory_stockmovement;
BEGIN
    SELECT * INTO level FROM inventory_stocklevel v WHERE v.product_id = NEW.product_id AND v.location_id = NEW.location_id;
    SELECT * INTO last FROM inventory_stockmovement m
     WHERE m.product_id = NEW.product_id AND m.location_id = NEW.location_id AND m.sequence < NEW.sequence
     ORDER BY m.sequence DESC LIMIT 1;
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
