-- Two steps to a line's product, each by its own index. In one, the look-up of a SKU was part of the join's condition:
-- planned while there were no products yet, it was repeated for every pair of a line and a product.
CREATE OR REPLACE FUNCTION stock_places(lines jsonb) RETURNS TABLE (
    n bigint, product uuid, sku varchar, status varchar, tracked boolean, location uuid, code varchar, active boolean
) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT l.n, p.id, p.sku, p.status, p.track_stock, c.id, c.code, c.is_active
      FROM ROWS FROM (jsonb_to_recordset(lines) AS (sku text, product uuid, location text)) WITH ORDINALITY
           AS l(sku, product, location, n)
      LEFT JOIN LATERAL (SELECT q.id FROM inventory_product q WHERE lower(q.sku) = lower(l.sku) LIMIT 1) named ON true
      LEFT JOIN LATERAL (
           SELECT * FROM inventory_product q WHERE q.id = COALESCE(l.product, named.id) LIMIT 1) p ON true
      LEFT JOIN LATERAL (
           SELECT * FROM inventory_location d
            WHERE d.code = COALESCE(l.location, (SELECT e.code FROM inventory_location e WHERE e.is_default)) LIMIT 1) c ON true
     ORDER BY l.n;
END $$;
