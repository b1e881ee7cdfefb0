import { expect } from 'chai';
import fc from 'fast-check';
import type pg from 'pg';
import { withCopyClient } from '../../src/backup/database/copy-client.ts';
import { copyIn } from '../../src/backup/database/copy-in.ts';
import { copyOut, type Part, type TableShape } from '../../src/backup/database/copy-out.ts';
import { readTables } from '../../src/backup/database/snapshot.ts';
import { BackupRefusedError } from '../../src/backup/errors.ts';
import { KEPT_TABLES, LEFT_OUT } from '../../src/backup/tables.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { holds, propertyTimeoutMs } from '../support/property.ts';

/** Column type → texts of values that PostgreSQL takes for it; what separates, escapes or ends rows, and the ends of ranges. */
const awkwardText = fc.oneof(
  fc.constantFrom(
    '',
    '\\N',
    '\\.',
    '\\',
    "'",
    '"',
    '\t',
    '\n',
    '\r\n',
    '\\n',
    'a\tb\nc\\d',
    '\b\f\v',
    '  x  ',
    'NULL',
    'ₓ₹कुल्फ़ी🍦',
    '\u2028',
  ),
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0')),
  fc.string({ unit: fc.constantFrom('\\', '\t', '\n', '\r', "'", '"', 'N', '.', ' '), maxLength: 20 }),
);
const number = (...texts: string[]) => fc.constantFrom(...texts);
const types: Record<string, fc.Arbitrary<string>> = {
  text: awkwardText,
  'varchar(200)': awkwardText.map((text) => [...text].slice(0, 200).join('')),
  'char(12)': awkwardText.map((text) => [...text].slice(0, 12).join('')),
  bytea: fc.uint8Array({ maxLength: 60 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  jsonb: fc.jsonValue().map((value) => JSON.stringify(value).replaceAll('\\u0000', '')),
  json: fc.jsonValue().map((value) => JSON.stringify(value).replaceAll('\\u0000', '')),
  integer: number('0', '-2147483648', '2147483647'),
  bigint: number('0', '-9223372036854775808', '9223372036854775807'),
  smallint: number('-32768', '32767'),
  'numeric(10,2)': number('0.00', '-99999999.99', '99999999.99', '0.01'),
  'numeric(14,2)': number('-999999999999.99', '0.10'),
  numeric: number(
    'NaN',
    'Infinity',
    '-0.000000000000000000000001',
    '123456789012345678901234567890.123456789',
  ),
  'double precision': number('NaN', '-Infinity', '0.1', '1e308', '5e-324', '0.30000000000000004'),
  real: number('NaN', 'Infinity', '0.1', '3.4028235e38'),
  boolean: number('true', 'false'),
  date: number('-infinity', 'infinity', '0001-01-01', '4713-01-01 BC', '9999-12-31', '2028-02-29'),
  time: number('00:00', '24:00', '23:59:59.999999', '04:00'),
  timestamptz: number(
    '-infinity',
    '2026-11-29 23:59:59.999999+05:30',
    '0044-03-15 12:00:00+00 BC',
    '294276-12-31 23:59:59+00',
  ),
  timestamp: number('infinity', '2026-03-29 02:30:00', '1900-01-01 00:00:00.000001'),
  interval: number('1 year -2 mons 3 days -04:05:06.789', '0', '178000000 years'),
  uuid: fc.uuid(),
  'text[]': fc
    .array(awkwardText, { maxLength: 5 })
    .map((list) => `{${list.map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`),
  'integer[]': number('{}', '{1,NULL,-2147483648}', '{{1,2},{3,4}}'),
  inet: number('192.168.0.1/24', '::1', '2001:db8::/32'),
  int4range: number('empty', '[1,10)', '(,5]'),
  'bit varying(20)': number('', '10101'),
  '"char"': number('x', '\\', "'"),
  point: number('(1.5,-0.1)'),
};
const columns = Object.keys(types);
const row = fc.tuple(...columns.map((type) => fc.option(types[type] as fc.Arbitrary<string>, { freq: 4 })));

const shape: TableShape = {
  name: 'every type "of\\column"',
  columns: columns.map((type, i) => ({ name: `c ${i} "'\\`, type })),
};
const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

describe('the rows of a table', () => {
  let database: TestDatabase;
  let client: pg.Client;

  before(async () => {
    database = await testDatabase({ migrated: false });
    client = await database.connect();
    const named = shape.columns.map(({ name, type }) => `${quote(name)} ${type}`);
    await client.query(`CREATE TABLE ${quote(shape.name)} (${named.join(', ')})`);
    // Whatever somebody set for the database.
    for (const setting of [
      "datestyle = 'German, DMY'",
      'extra_float_digits = 0',
      "bytea_output = 'escape'",
      "intervalstyle = 'iso_8601'",
      "timezone = 'Asia/Kolkata'",
      'standard_conforming_strings = off',
    ])
      await client.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET ${setting.replaceAll("'", "''")}', current_database()); END $$`,
      );
  });
  after(() => database.drop());

  it('come back as they were, of every type, whatever is in them', async function () {
    this.timeout(propertyTimeoutMs);
    await holds(
      'test/backup/copy.test.ts',
      'every type',
      fc.array(row, { minLength: 1, maxLength: 60 }),
      async (rows) => {
        await client.query(`TRUNCATE ${quote(shape.name)}`);
        for (const values of rows)
          await client.query(
            `INSERT INTO ${quote(shape.name)} VALUES (${values.map((_, i) => `$${i + 1}::text::${columns[i]}`).join(', ')})`,
            values,
          );
        const before = await withCopyClient(database.url, fingerprint);
        const parts: Part[] = [];
        const written = await withCopyClient(database.url, (own) =>
          copyOut(own, shape, async (part) => {
            parts.push(part);
          }),
        );
        expect(written.rows).to.equal(rows.length);
        await withCopyClient(database.url, async (own) => {
          await own.query(`BEGIN; TRUNCATE ${quote(shape.name)}`);
          const into = copyIn(own, shape);
          for (const { pieces } of parts) for (const piece of pieces) await into.write(piece);
          expect(await into.end()).to.equal(rows.length);
          await own.query('COMMIT');
        });
        expect(await withCopyClient(database.url, fingerprint)).to.deep.equal(before);
        const again = await withCopyClient(database.url, (own) => copyOut(own, shape, async () => {}));
        expect(again).to.deep.equal(written);
      },
    );
  });

  const fingerprint = async (own: pg.Client) =>
    (await own.query(`SELECT t::text AS row FROM ${quote(shape.name)} t`)).rows.map(({ row: text }) => text);

  it('are cut into parts at ends of rows, however long one is', async () => {
    await client.query('CREATE TABLE large (id integer, content text)');
    await client.query(
      `INSERT INTO large SELECT n, repeat(chr(65 + n), CASE WHEN n = 3 THEN 20000000 ELSE 700000 END) FROM generate_series(1, 12) n`,
    );
    const large: TableShape = {
      name: 'large',
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'content', type: 'text' },
      ],
    };
    const sizes: number[] = [];
    const { rows, parts, sizeBytes } = await withCopyClient(database.url, (own) =>
      copyOut(own, large, async (part, number) => {
        sizes.push(part.sizeBytes);
        expect(part.pieces.at(-1)?.at(-1)).to.equal(0x0a);
        expect(number).to.equal(sizes.length);
      }),
    );
    expect([rows, parts, sizeBytes]).to.deep.equal([12, sizes.length, sizes.reduce((a, b) => a + b)]);
    expect(sizes.length).to.be.above(2);
  });

  it('are the same when they are read a few blocks at a time, whatever is written meanwhile', async () => {
    await client.query(`
      CREATE TABLE many (id integer, name text);
      INSERT INTO many SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 30000) n;
      DELETE FROM many WHERE id % 7 = 0 OR id BETWEEN 9000 AND 12000;
      UPDATE many SET name = id::text WHERE id % 5 = 0;
      INSERT INTO many SELECT 0, string_agg(md5(n::text), '') FROM generate_series(1, 9000) n;
      ANALYZE many`);
    const many: TableShape = {
      name: 'many',
      columns: [
        { name: 'name', type: 'text' },
        { name: 'id', type: 'integer' },
      ],
    };
    await withCopyClient(database.url, async (own) => {
      await own.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const whole = await copyOut(own, many, async () => {});
      let rests = 0;
      const inBits = await copyOut(
        own,
        many,
        async () => {},
        async () => {
          if (rests++ === 0)
            await client.query("INSERT INTO many SELECT n, 'later' FROM generate_series(1, 9000) n");
        },
      );
      expect(inBits).to.deep.equal(whole);
      expect(rests).to.be.above(10);
      // Each statement read its blocks alone: the one whole scan is that of the first.
      const { rows } = await own.query(
        "SELECT seq_scan AS scans FROM pg_stat_xact_user_tables WHERE relname = 'many'",
      );
      expect(Number(rows[0].scans)).to.equal(1);
      await own.query('COMMIT');
    });
  });

  it('that PostgreSQL does not take are told, and the table stays as it was', async () => {
    await client.query('CREATE TABLE small (id integer NOT NULL, name varchar(3) CHECK (name <> $$bad$$))');
    await client.query("INSERT INTO small VALUES (1, 'a')");
    const small: TableShape = {
      name: 'small',
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'text' },
      ],
    };
    for (const wrong of [
      'x\ty\n',
      '1\tlonger\n',
      '\\N\ta\n',
      '1\tbad\n',
      '1\n',
      `1\ta\n${'2\tb\n'.repeat(200_000)}x\tz\n`,
    ]) {
      const error = await withCopyClient(database.url, async (own) => {
        await own.query('BEGIN; TRUNCATE small');
        const into = copyIn(own, small);
        await into.write(Buffer.from(wrong));
        await into.end();
        await own.query('COMMIT');
      }).catch((thrown: Error) => thrown);
      expect(error, wrong.slice(0, 20)).to.be.instanceOf(Error);
    }
    expect((await client.query('SELECT * FROM small')).rows).to.deep.equal([{ id: 1, name: 'a' }]);
  });
});

describe('the tables of a backup', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  it('are all that the schema has, each kept or left out for a reason', async () => {
    const client = await database.connect();
    const { rows } = await client.query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    );
    const listed = [...KEPT_TABLES, ...Object.keys(LEFT_OUT)];
    expect(listed.toSorted()).to.deep.equal(rows.map(({ tablename }) => tablename));
    const tables = await withCopyClient(database.url, readTables);
    expect(tables.map(({ name }) => name)).to.deep.equal(KEPT_TABLES);
  });

  it('stop every backup when one is unknown, whatever kind it is of', async () => {
    const client = await database.connect();
    for (const [make, remove] of [
      ['CREATE TABLE loyalty_points (id uuid)', 'DROP TABLE loyalty_points'],
      ['CREATE MATERIALIZED VIEW best AS SELECT 1 AS x', 'DROP MATERIALIZED VIEW best'],
      ['CREATE TABLE split (id int) PARTITION BY RANGE (id)', 'DROP TABLE split'],
    ] as const) {
      await client.query(make);
      const error = await withCopyClient(database.url, readTables).catch((thrown: Error) => thrown);
      expect(error).to.be.instanceOf(BackupRefusedError);
      expect((error as Error).message).to.match(/loyalty_points|best|split/);
      await client.query(remove);
    }
    await client.query('CREATE SCHEMA other; CREATE TABLE other.mine (id int)');
    expect(await withCopyClient(database.url, readTables)).to.have.length(KEPT_TABLES.length);
  });
});
