-- The guard demands the listings further up as well.

-- The listings of these categories and of all above them. Read when the transaction commits: who moves a category in it
-- declares both branches.
CREATE OR REPLACE FUNCTION inventory_cache_listings(VARIADIC categories uuid[]) RETURNS text[] LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up AS (
        SELECT unnest(categories) AS id
        UNION
        SELECT c.parent_id FROM inventory_category c JOIN up USING (id))
    SELECT array_agg('listing:' || up.id) FROM up
$$;

CREATE OR REPLACE FUNCTION product_keys_are_declared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_cache_demand(ARRAY['product:' || OLD.id, 'product:' || NEW.id], TG_TABLE_NAME);
    IF OLD.sku IS DISTINCT FROM NEW.sku THEN
        PERFORM inventory_cache_demand(ARRAY['sku:' || lower(OLD.sku), 'sku:' || lower(NEW.sku)], TG_TABLE_NAME);
    END IF;
    IF (OLD.category_id, OLD.name, OLD.price, OLD.created_at)
        IS DISTINCT FROM (NEW.category_id, NEW.name, NEW.price, NEW.created_at) THEN
        PERFORM inventory_cache_demand(inventory_cache_listings(OLD.category_id, NEW.category_id), TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION category_keys_are_declared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM inventory_cache_demand(ARRAY['category_tree'], TG_TABLE_NAME);
    IF OLD.parent_id IS DISTINCT FROM NEW.parent_id THEN
        PERFORM inventory_cache_demand(inventory_cache_listings(NEW.id, OLD.parent_id, NEW.parent_id), TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END $$;
