-- The guard: a transaction that changes a row which a cached value shows, and has not declared the value's key, cannot
-- commit. A forgotten write path, `psql` included, is then an error and not a stale page.
--
-- Switched by the setting INVENTORY_CACHE_GUARD_ENABLED when `migrate` runs. Switched off, the triggers are disabled and
-- cost nothing. `inventory_cache_hold` notes what was declared in a setting of the transaction, which a rollback to a
-- savepoint undoes as it undoes the locks. Notes are kept by bucket, so about one omission in a thousand slips through.

ALTER TABLE inventory_cache_trust ADD COLUMN guarded boolean NOT NULL DEFAULT false;

CREATE FUNCTION inventory_cache_note(keys text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    noted text := coalesce(nullif(current_setting('stockroom.declared', true), ''), repeat('0', 1024));
    bucket int;
BEGIN
    FOR bucket IN SELECT DISTINCT inventory_cache_bucket(k) FROM unnest(keys) k LOOP
        noted := overlay(noted PLACING '1' FROM bucket + 1 FOR 1);
    END LOOP;
    PERFORM set_config('stockroom.declared', noted, true);
END $$;

CREATE OR REPLACE FUNCTION inventory_cache_hold(keys text[])
RETURNS TABLE (epoch text, process text, state text, wait_s double precision) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'cached rows are changed in READ COMMITTED transactions only: an older snapshot hides the trust row'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(7351, b.bucket)
       FROM (SELECT DISTINCT inventory_cache_bucket(k) AS bucket FROM unnest(keys) k) b;
    IF (SELECT t.guarded FROM inventory_cache_trust t WHERE t.id = 1) THEN
        PERFORM inventory_cache_note(keys);
    END IF;
    RETURN QUERY SELECT * FROM inventory_cache_trusted();
END $$;

CREATE FUNCTION inventory_cache_demand(keys text[], changed text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    noted text := coalesce(current_setting('stockroom.declared', true), '');
    key text;
BEGIN
    FOREACH key IN ARRAY array_remove(keys, NULL) LOOP
        IF substr(noted, inventory_cache_bucket(key) + 1, 1) <> '1' THEN
            RAISE EXCEPTION 'a row of % has changed, but its cache key % was not declared in this transaction', changed, key
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'cache_keys_are_declared', TABLE = changed,
                      HINT = 'Write through the models or the operations; SQL of your own calls inventory.caching.declare().';
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION product_keys_are_declared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_cache_demand(ARRAY['product:' || OLD.id, 'product:' || NEW.id], TG_TABLE_NAME);
    IF OLD.sku IS DISTINCT FROM NEW.sku THEN
        PERFORM inventory_cache_demand(ARRAY['sku:' || lower(OLD.sku), 'sku:' || lower(NEW.sku)], TG_TABLE_NAME);
    END IF;
    IF (OLD.category_id, OLD.name, OLD.price, OLD.created_at)
        IS DISTINCT FROM (NEW.category_id, NEW.name, NEW.price, NEW.created_at) THEN
        PERFORM inventory_cache_demand(ARRAY['listing:' || OLD.category_id, 'listing:' || NEW.category_id], TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER cache_keys_are_declared AFTER INSERT OR UPDATE OR DELETE ON inventory_product
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION product_keys_are_declared();

-- Totals and holds are part of what a product shows.
CREATE FUNCTION stock_keys_are_declared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_cache_demand(ARRAY['product:' || OLD.product_id, 'product:' || NEW.product_id], TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER cache_keys_are_declared AFTER UPDATE ON inventory_productstock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.on_hand, OLD.unavailable, OLD.allocated, OLD.reserved, OLD.incoming, OLD.safety_stock_in_force, OLD.tracked,
           OLD.reorder_point_in_force)
          IS DISTINCT FROM (NEW.on_hand, NEW.unavailable, NEW.allocated, NEW.reserved, NEW.incoming,
           NEW.safety_stock_in_force, NEW.tracked, NEW.reorder_point_in_force))
    EXECUTE FUNCTION stock_keys_are_declared();
CREATE CONSTRAINT TRIGGER cache_keys_are_declared AFTER INSERT OR UPDATE OR DELETE ON inventory_reservationline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stock_keys_are_declared();

CREATE FUNCTION category_keys_are_declared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_cache_demand(ARRAY['category_tree'], TG_TABLE_NAME);
    IF OLD.parent_id IS DISTINCT FROM NEW.parent_id THEN
        PERFORM inventory_cache_demand(
            ARRAY['listing:' || NEW.id, 'listing:' || OLD.parent_id, 'listing:' || NEW.parent_id], TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER cache_keys_are_declared AFTER INSERT OR UPDATE OR DELETE ON inventory_category
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION category_keys_are_declared();

-- Switch all of them. ALTER TABLE waits for the writers that are in flight.
CREATE FUNCTION inventory_cache_guard(wanted boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    guarded_table text;
BEGIN
    UPDATE inventory_cache_trust SET guarded = wanted WHERE id = 1;
    FOREACH guarded_table IN ARRAY ARRAY['inventory_product', 'inventory_productstock', 'inventory_reservationline',
                                         'inventory_category'] LOOP
        EXECUTE format('ALTER TABLE %I %s TRIGGER cache_keys_are_declared', guarded_table,
                       CASE WHEN wanted THEN 'ENABLE' ELSE 'DISABLE' END);
    END LOOP;
END $$;
SELECT inventory_cache_guard(false);
