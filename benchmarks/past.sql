-- Shelf 100 and the word "zirconium" are rare at any size: twenty products have them. One product in ten is of steel.
INSERT INTO inventory_category (id, version, created_at, updated_at, last_modified_by, name, slug, description)
SELECT gen_random_uuid(), 1, now(), now(), '', 'Shelf ' || n, 'shelf-' || n, '' FROM generate_series(0, 100) n;

INSERT INTO inventory_product (id, version, created_at, updated_at, last_modified_by, sku, name, slug, description,
    category_id, options, barcode, price, currency, status, attributes, track_stock, backorder_limit, reorder_point)
SELECT uuid_of_instant(t), 1, t, t, '', 'SKU-' || lpad(n::text, 7, '0'), 'Mug ' || substr(md5(n::text), 1, 8),
       'mug-' || n,
       concat('mug number ', n, ' of ', CASE WHEN mod(n, 10) = 3 THEN 'steel' ELSE 'clay' END,
              CASE WHEN rare THEN ' and zirconium' END),
       c.id, '{}', '', 500 + mod(abs(hashint4(n)::bigint), 50000) / 100.0, 'EUR', 'active', '{}', true, 0,
       CASE WHEN mod(n, 100) = 1 THEN 1000000 END
  FROM (SELECT n, mod(n, GREATEST(%(products)s / %(few)s, 1)) = 7 AS rare,
               now() - interval '2 years' + n * (interval '700 days' / %(products)s) AS t
          FROM generate_series(0, %(products)s - 1) n) s
  JOIN inventory_category c ON c.slug = 'shelf-' || CASE WHEN rare THEN 100 ELSE mod(n, 100) END;

-- Eight deeds bring a level back to where it was. Levels begin at different ones, and end where nothing is held, for
-- there are no reservations.
CREATE TEMP TABLE cycle ON COMMIT DROP AS
SELECT *, sum(d_on_hand) OVER w AS on_hand, sum(d_unavailable) OVER w AS unavailable,
       sum(d_allocated) OVER w AS allocated, sum(d_reserved) OVER w AS reserved
  FROM (VALUES (0, 'adjustment', 'sold', -5, 0, 0, 0), (1, 'adjustment', 'received', 5, 0, 0, 0),
               (2, 'reserve', '', 0, 0, 0, 2), (3, 'allocate', '', 0, 0, 2, -2), (4, 'fulfil', '', -2, 0, -2, 0),
               (5, 'adjustment', 'damaged', 0, 1, 0, 0), (6, 'adjustment', 'repaired', 0, -1, 0, 0),
               (7, 'count', '', 2, 0, 0, 0)) c(turn, kind, reason, d_on_hand, d_unavailable, d_allocated, d_reserved)
WINDOW w AS (ORDER BY turn);

CREATE TEMP TABLE shelf ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY s.n >= %(busy)s, s.n, c.code) - 1 AS i, gen_random_uuid() AS level, s.id AS product, s.sku,
       c.id AS location, c.code, 1000 + mod(s.n, 7919) AS opening, o.start, y.on_hand - y.d_on_hand AS start_on_hand,
       CASE WHEN s.n >= %(busy)s OR %(depth)s = 1 THEN 1
            ELSE %(depth)s + CASE mod(%(depth)s + 6 + o.start, 8) WHEN 2 THEN 2 WHEN 3 THEN 1 ELSE 0 END
       END AS rows
  FROM (SELECT id, sku, substr(sku, 5)::int AS n FROM inventory_product) s
  JOIN inventory_location c ON c.code = ANY (%(places)s::text[]) AND (s.n < %(busy)s OR c.code = 'MAIN')
 CROSS JOIN LATERAL (SELECT (ARRAY[0, 1, 2, 5, 7])[1 + mod(s.n, 5)] AS start) o
  JOIN cycle y ON y.turn = o.start
 WHERE mod(s.n, 10) < 9;

ALTER TABLE shelf ADD PRIMARY KEY (i);

ANALYZE shelf
-- Next --
INSERT INTO inventory_stockmovement (id, sequence, product_id, location_id, sku, location_code, kind, reason,
    delta_on_hand, delta_unavailable, delta_allocated, delta_reserved, balance_on_hand, balance_unavailable,
    balance_allocated, balance_reserved, balance_available, source, reference, note, actor, request_id,
    occurred_at, recorded_at)
SELECT uuid_of_instant(t), nth, product, location, sku, code,
       COALESCE(c.kind, 'adjustment'), COALESCE(c.reason, 'received'), COALESCE(c.d_on_hand, opening),
       COALESCE(c.d_unavailable, 0), COALESCE(c.d_allocated, 0), COALESCE(c.d_reserved, 0),
       b.on_hand, COALESCE(c.unavailable, 0), COALESCE(c.allocated, 0), COALESCE(c.reserved, 0),
       b.on_hand - COALESCE(c.unavailable + c.allocated + c.reserved, 0), uuid_of_instant(t),
       CASE c.kind WHEN 'reserve' THEN 'ONLINE' WHEN 'allocate' THEN 'ONLINE' WHEN 'fulfil' THEN 'ONLINE'
                   WHEN 'count' THEN '' ELSE 'PO-' || g / 10 END,
       '', 'system:benchmark', 'request-' || g, t, t
  FROM (SELECT o.g, o.nth, s.*,
               date_trunc('milliseconds', now()) - interval '730 days' + o.g * (interval '729 days' / %(slots)s) AS t
          FROM (SELECT g, CASE WHEN g < %(levels)s THEN g ELSE mod(g - %(levels)s, %(busy)s) END AS i,
                       CASE WHEN g < %(levels)s THEN 1 ELSE (g - %(levels)s) / %(busy)s + 2 END AS nth
                  FROM generate_series(%(first)s::bigint, %(last)s::bigint) g) o
          JOIN shelf s ON s.i = o.i AND o.nth <= s.rows) r
  LEFT JOIN cycle c ON r.nth > 1 AND c.turn = mod(r.nth - 2 + r.start, 8)
 CROSS JOIN LATERAL (SELECT opening + COALESCE(c.on_hand - r.start_on_hand, 0) AS on_hand) b
-- Next --
INSERT INTO inventory_stocklevel (id, product_id, location_id, on_hand, unavailable, allocated, reserved, incoming,
    safety_stock_in_force, backorder_limit_in_force, sequence, version, created_at, updated_at)
SELECT s.level, s.product, s.location, m.balance_on_hand, m.balance_unavailable, m.balance_allocated,
       m.balance_reserved, 0, 0, 0, m.sequence, 1, m.recorded_at, m.recorded_at
  FROM shelf s JOIN inventory_stockmovement m
    ON m.product_id = s.product AND m.location_id = s.location AND m.sequence = s.rows;

INSERT INTO inventory_productstock (product_id, on_hand, unavailable, allocated, reserved, incoming,
    safety_stock_in_force, tracked, reorder_point_in_force, level_safety_stock, updated_at)
SELECT p.id, COALESCE(sum(v.on_hand), 0), COALESCE(sum(v.unavailable), 0), 0, 0, 0, 0, true,
       COALESCE(p.reorder_point, %(reorder_point)s), 0, now()
  FROM inventory_product p LEFT JOIN inventory_stocklevel v ON v.product_id = p.id GROUP BY p.id
