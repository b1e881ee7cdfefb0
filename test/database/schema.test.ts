import type { EntityMetadata } from '@mikro-orm/core';
import { expect } from 'chai';
import { entities } from '../../src/core/entities.ts';
import { openOrm } from '../../src/database/orm.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

/** Written and read by SQL alone: a table that is in neither list is one that somebody forgot. */
const tablesWithoutEntity = [
  'attention',
  'audit_chains',
  'audit_seals',
  'backup_runs',
  'events',
  'idempotency_keys',
  'images',
  'keys',
  'number_leases',
  'order_lines',
  'pairing_codes',
  'pgmigrations',
  'product_codes',
  'refund_lines',
  'refund_payments',
  'refunds',
  'scheduled_jobs',
  'security_log',
  'setup',
  'shop_epochs',
  'shop_heads',
  'stock_movements',
  'voids',
];

describe('the entities and the migrated schema', () => {
  let database: TestDatabase;
  let metadata: EntityMetadata[];
  let columns: Map<string, Map<string, { type: string; isNullable: boolean }>>;

  before(async () => {
    database = await testDatabase();
    const orm = await openOrm(database.url, entities, { poolSize: 2, onError: () => {} });
    metadata = [...orm.getMetadata().getAll().values()];
    await orm.close();
    columns = await readColumns();
  });
  after(() => database.drop());

  async function readColumns() {
    const client = await database.connect();
    const { rows } = await client.query(
      `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`,
    );
    const tables: typeof columns = new Map();
    for (const { table, column, type, nullable } of rows) {
      const known = tables.get(table) ?? new Map();
      tables.set(table, known.set(column, { type, isNullable: nullable }));
    }
    return tables;
  }

  it('name the same tables', () => {
    const withEntity = metadata.map((entity) => entity.tableName);
    expect([...columns.keys()].sort()).to.deep.equal([...withEntity, ...tablesWithoutEntity].sort());
  });

  it('have the same columns, of the same types, nullable in the same places', () => {
    for (const entity of metadata) {
      const table = columns.get(entity.tableName) ?? new Map();
      const declared = Object.fromEntries(
        entity.props.map((prop) => [
          prop.fieldNames[0],
          { type: normalise(prop.columnTypes[0] as string), isNullable: prop.nullable === true },
        ]),
      );
      const actual = Object.fromEntries(
        [...table].map(([name, { type, isNullable }]) => [name, { type: normalise(type), isNullable }]),
      );
      expect(declared, entity.tableName).to.deep.equal(actual);
    }
  });

  /** One word for what PostgreSQL and the ORM name differently. */
  const normalise = (type: string) =>
    type
      .replace('character varying', 'varchar')
      .replace(/^character\(/, 'char(')
      .replace(/^timestamp(\(\d\))? with time zone$|^timestamptz(\(\d\))?$/, 'timestamptz')
      .replace(/^time(\(\d\))? without time zone$/, 'time')
      .replace(/^int$/, 'integer')
      .replace(/^bool$/, 'boolean')
      .replace(/ /g, '');

  it('keep every row of a shop in its shop: foreign keys between them carry shop_id', async () => {
    const client = await database.connect();
    const { rows } = await client.query(
      `SELECT con.conrelid::regclass::text AS from, con.confrelid::regclass::text AS to, pg_get_constraintdef(con.oid) AS key
       FROM pg_constraint con WHERE con.contype = 'f' AND con.connamespace = 'public'::regnamespace`,
    );
    const isOfShop = (table: string) => table !== 'users' && columns.get(table)?.has('shop_id');
    const loose = rows.filter(
      ({ from, to, key }) => isOfShop(from) && isOfShop(to) && !key.startsWith('FOREIGN KEY (shop_id,'),
    );
    expect(loose.map(({ from, key }) => `${from}: ${key}`)).to.deep.equal([]);
  });
});
