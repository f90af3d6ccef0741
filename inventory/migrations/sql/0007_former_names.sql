-- Names that products and locations no longer have. The ledger keeps the names of its day: with these, a question about a
-- name becomes one about ids, and the ledger needs no index on text.
CREATE TABLE inventory_former_name (
    kind text NOT NULL CHECK (kind IN ('sku', 'location_code')),
    name text NOT NULL,
    bearer uuid NOT NULL,
    PRIMARY KEY (kind, name, bearer)
);

INSERT INTO inventory_former_name
SELECT DISTINCT 'sku', lower(m.sku), m.product_id FROM inventory_stockmovement m
  LEFT JOIN inventory_product p ON p.id = m.product_id
 WHERE lower(p.sku) IS DISTINCT FROM lower(m.sku);
INSERT INTO inventory_former_name
SELECT DISTINCT 'location_code', m.location_code, m.location_id FROM inventory_stockmovement m
  LEFT JOIN inventory_location c ON c.id = m.location_id
 WHERE c.code IS DISTINCT FROM m.location_code;

CREATE FUNCTION product_name_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_former_name VALUES ('sku', lower(OLD.sku), OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER product_name_is_kept AFTER UPDATE ON inventory_product FOR EACH ROW
    WHEN (OLD.sku IS DISTINCT FROM NEW.sku) EXECUTE FUNCTION product_name_is_kept();
CREATE TRIGGER last_product_name_is_kept AFTER DELETE ON inventory_product FOR EACH ROW
    EXECUTE FUNCTION product_name_is_kept();

CREATE FUNCTION location_name_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_former_name VALUES ('location_code', OLD.code, OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER location_name_is_kept AFTER UPDATE ON inventory_location FOR EACH ROW
    WHEN (OLD.code IS DISTINCT FROM NEW.code) EXECUTE FUNCTION location_name_is_kept();
CREATE TRIGGER last_location_name_is_kept AFTER DELETE ON inventory_location FOR EACH ROW
    EXECUTE FUNCTION location_name_is_kept();
