/**
 * Tables in an archive, in foreign-key order. A table in neither list stops every backup, so each new table
 * must be added to one of them. A test compares both lists with the schema.
 */
export const KEPT_TABLES: readonly string[] = [
  'setup',
  'users',
  'shops',
  'shop_epochs',
  'shop_heads',
  'sessions',
  // Backed up with the work that they answer, or a till that retries after a restore would do it twice.
  'idempotency_keys',
  'keys',
  'audit_chains',
  'security_log',
  'audit_seals',
  'images',
  'products',
  'product_variants',
  'product_codes',
  'modifier_groups',
  'modifiers',
  'inventory_items',
  'recipes',
  'customers',
  'devices',
  'pairing_codes',
  'number_leases',
  'shifts',
  'cash_movements',
  'orders',
  'order_lines',
  'payments',
  'refunds',
  'refund_lines',
  'refund_payments',
  'voids',
  'stock_movements',
  'events',
];

/** Table → why an archive does not need it. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  pgmigrations: 'the manifest names the migrations, and a restore runs them',
  attention: 'what an owner has to know of this machine, and not of the shop',
  backup_runs: 'what this machine did; after a restore it begins anew',
  scheduled_jobs: 'what this machine did; after a restore it begins anew',
};
