-- Up Migration

-- Pictures by their content: `hash` is the SHA-256 over the bytes of their files, 160, 480 and 1200 wide, one after the other.
CREATE TABLE images (
  shop_id      uuid        NOT NULL REFERENCES shops (id),
  hash         varchar(64) NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
  -- [{width, pixelWidth, pixelHeight, sizeBytes, sha256}]; the key of each in the store is <shop_id>/<hash>-<width>.webp
  files        jsonb       NOT NULL,
  created_at   timestamptz NOT NULL,
  -- since when no product shows it; `smoocho images gc` takes it away 30 days later
  unused_since timestamptz,
  PRIMARY KEY (shop_id, hash)
);
CREATE INDEX images_unused_idx ON images (unused_since) WHERE unused_since IS NOT NULL;

-- The hash of a product's picture; its address is made from it. No version before this one could set it.
UPDATE products SET image_url = NULL WHERE image_url IS NOT NULL;
ALTER TABLE products
  ADD CONSTRAINT products_image_fkey FOREIGN KEY (shop_id, image_url) REFERENCES images (shop_id, hash);
CREATE INDEX products_image_idx ON products (shop_id, image_url) WHERE image_url IS NOT NULL;

-- Where the pictures of this installation are; null before the first one.
ALTER TABLE setup ADD COLUMN image_store varchar(16) CHECK (image_store IN ('filesystem', 'minio'));

-- Down Migration

ALTER TABLE setup DROP COLUMN image_store;
DROP INDEX products_image_idx;
ALTER TABLE products DROP CONSTRAINT products_image_fkey;
UPDATE products SET image_url = NULL WHERE image_url IS NOT NULL;
DROP TABLE images;
