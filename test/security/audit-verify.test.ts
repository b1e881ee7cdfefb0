import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { createApp } from '../../src/app.ts';
import type { FaultKind } from '../../src/core/audit/chain-faults.ts';
import {
  type Head,
  hashRecord,
  hashSeal,
  NO_HASH,
  packRecords,
  parseHead,
  signedBytes,
  unpackRecords,
} from '../../src/core/audit/seal.ts';
import { recordsAfter } from '../../src/core/audit/sql/read-records.ts';
import { sealsAfter } from '../../src/core/audit/sql/seals.ts';
import { WrongKeyError } from '../../src/core/keys/master-key.ts';
import { takeServerLock } from '../../src/database/server-lock.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll, verifyChainOf } from '../support/audit-parts.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';

// Each of these is done by the database's own superuser, who may do everything in there but hasn't the installation's key.
describe('the audit chain of a shop', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: BusyShop;
  let db: pg.Client;
  /** Seqs of records in the middle of the chain. */
  let voided: number;
  let lastEvent: number;
  let lastLog: number;

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenBusyShop(test, 'BUSY');
    db = await test.database.connect();
    // In several seals, as in life.
    await sealAll(test);
    for (let n = 0; n < 3; n += 1) {
      await shop.manager.put(`${shop.path}/inventory/${shop.milk.id}`, { adjust: '1', reason: 'purchase' });
      await shop.cashier.get(`${shop.path}/reports/sales`);
      await test.app.orm.em.fork().execute(
        `WITH c AS (UPDATE audit_chains SET log_seq = log_seq + 1 WHERE id = ? RETURNING id, log_seq)
         INSERT INTO security_log SELECT id, log_seq, 'signed_out', now(), '{"kind":"user","id":null,"name":"Asha"}', NULL, '10.0.0.7', '{}' FROM c`,
        [shop.id],
      );
      await sealAll(test);
    }
    const { rows } = await db.query(
      `SELECT (SELECT seq FROM events WHERE shop_id = $1 AND data->>'status' = 'voided')::int AS void,
        (SELECT seq FROM shop_heads WHERE shop_id = $1)::int AS event,
        (SELECT log_seq FROM audit_chains WHERE id = $1)::int AS log`,
      [shop.id],
    );
    [voided, lastEvent, lastLog] = [rows[0].void, rows[0].event, rows[0].log];
  });
  after(() => test.close());

  const verify = () => verifyChainOf(test, shop.id);
  const headFile = () => join(test.home, 'audit-heads', `${shop.id}.json`);

  /** What is found after `tamper` was at it; everything is as it was afterwards. */
  async function findAfter(tamper: () => Promise<unknown>) {
    const tables = ['events', 'security_log', 'audit_seals', 'audit_chains', 'shop_heads', 'shifts', 'keys'];
    for (const table of tables) await db.query(`CREATE TABLE kept_${table} AS TABLE ${table}`);
    const head = readFileSync(headFile());
    try {
      await db.query("SET session_replication_role = 'replica'");
      await tamper();
      return await verify();
    } finally {
      for (const table of tables) {
        await db.query(
          `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}; DROP TABLE kept_${table}`,
        );
      }
      await db.query("SET session_replication_role = 'origin'");
      writeFileSync(headFile(), head, { mode: 0o600 });
    }
  }

  it('verifies after everything that a shop does, seals and records without a gap', async () => {
    const verified = await verify();
    expect(verified.faults).to.deep.equal([]);
    expect(verified).to.include({ isSound: true, wrong: 0, records: lastEvent + lastLog, seals: 4 });
    expect(verified.unsealed).to.deep.equal({ count: 0, since: null });
    expect(verified.head).to.match(/^4:[0-9a-f]{64}$/);
    expect(verified.notes).to.deep.equal([]);
    expect(await verifyChainOf(test, null)).to.include({ isSound: true });
  });

  it('says how much came after the last seal, which is no fault', async () => {
    await shop.manager.put(`${shop.path}/inventory/${shop.milk.id}`, { adjust: '1', reason: 'purchase' });
    const { isSound, unsealed } = await verify();
    expect([isSound, unsealed.count]).to.deep.equal([true, 1]);
    expect(Date.now() - Date.parse(unsealed.since as string)).to.be.within(0, 20_000);
    await sealAll(test);
    expect((await verify()).unsealed.count).to.equal(0);
    lastEvent += 1;
  });

  /** What is done; what it finds: kind, subject, and what the sentence says. */
  type Find = { kind: FaultKind; subject: string | RegExp; detail: RegExp };
  type Tampering = [what: string, sql: () => string, finds: () => Find[]];
  const tamperings: Tampering[] = [
    [
      "a bill's event that was changed, by the bill's number",
      () =>
        `UPDATE events SET data = data || '{"voidReason": "a complaint"}' WHERE shop_id = $1 AND seq = ${voided}`,
      () => [
        {
          kind: 'changed',
          subject: `Event ${voided}`,
          detail: /Now it says: order_updated of BUSY\/\d{4}\/\d{6}, .*, by manager of BUSY\.$/,
        },
      ],
    ],
    [
      'what a change replaced, when that was changed',
      () =>
        `UPDATE events SET before = before || '{"status": "voided"}' WHERE shop_id = $1 AND seq = ${voided}`,
      () => [{ kind: 'changed', subject: `Event ${voided}`, detail: /after seal 1 of \d{4}-/ }],
    ],
    [
      'who did it, when that was changed',
      () => `UPDATE events SET actor = actor || '{"name": "Nobody"}' WHERE shop_id = $1 AND seq = ${voided}`,
      () => [{ kind: 'changed', subject: `Event ${voided}`, detail: /by Nobody\.$/ }],
    ],
    [
      'when it was done, changed by a microsecond',
      () => `UPDATE events SET at = at + interval '1 microsecond' WHERE shop_id = $1 AND seq = ${voided}`,
      () => [{ kind: 'changed', subject: `Event ${voided}`, detail: /changed/ }],
    ],
    [
      'from which device it was done',
      () => `UPDATE events SET device_id = 'till-9' WHERE shop_id = $1 AND seq = ${voided}`,
      () => [{ kind: 'changed', subject: `Event ${voided}`, detail: /changed/ }],
    ],
    [
      'a row of the security log that was changed',
      () => `UPDATE security_log SET address = '10.0.0.8' WHERE chain_id = $1 AND seq = ${lastLog - 1}`,
      () => [{ kind: 'changed', subject: `Log entry ${lastLog - 1}`, detail: /signed_out, .*, by Asha\.$/ }],
    ],
    [
      'one that was removed in the middle',
      () => `DELETE FROM events WHERE shop_id = $1 AND seq = ${voided}`,
      () => [
        { kind: 'removed', subject: `Event ${voided}`, detail: /^It is gone\. It was closed by seal 1 of/ },
      ],
    ],
    [
      'the last sealed one, removed',
      () => `DELETE FROM events WHERE shop_id = $1 AND seq = ${lastEvent}`,
      () => [{ kind: 'removed', subject: `Event ${lastEvent}`, detail: /gone/ }],
    ],
    [
      'the last row of the log, removed',
      () => `DELETE FROM security_log WHERE chain_id = $1 AND seq = ${lastLog}`,
      () => [{ kind: 'removed', subject: `Log entry ${lastLog}`, detail: /gone/ }],
    ],
    [
      'one put in the place of another',
      () => `DELETE FROM events WHERE shop_id = $1 AND seq = ${voided};
        INSERT INTO events SELECT shop_id, ${voided}, 'order_created', at, actor, device_id, data FROM events WHERE shop_id = $1 AND seq = ${voided - 1}`,
      () => [{ kind: 'changed', subject: `Event ${voided}`, detail: /changed/ }],
    ],
    [
      'two that were swapped',
      () => `UPDATE events SET seq = -1 WHERE shop_id = $1 AND seq = ${voided};
        UPDATE events SET seq = ${voided} WHERE shop_id = $1 AND seq = ${voided + 1};
        UPDATE events SET seq = ${voided + 1} WHERE shop_id = $1 AND seq = -1`,
      () =>
        [voided, voided + 1].map((seq) => ({ kind: 'changed', subject: `Event ${seq}`, detail: /changed/ })),
    ],
    [
      'one put in before all others',
      () =>
        `INSERT INTO events SELECT shop_id, 0, type, at, actor, device_id, data FROM events WHERE shop_id = $1 AND seq = 1`,
      () => [{ kind: 'inserted', subject: 'Event 0', detail: /which doesn't know it/ }],
    ],
    [
      // The same in all: which of two that differ is read first is up to PostgreSQL.
      'one put in twice under a number',
      () => `ALTER TABLE events DROP CONSTRAINT events_pkey;
        INSERT INTO events SELECT * FROM events WHERE shop_id = $1 AND seq = ${voided}`,
      () => [{ kind: 'inserted', subject: `Event ${voided}`, detail: /put in after seal/ }],
    ],
    [
      'one put in at the end and dated back',
      () => `UPDATE shop_heads SET seq = seq + 1 WHERE shop_id = $1;
        INSERT INTO events SELECT e.shop_id, h.seq, 'order_updated', e.at - interval '2 days', actor, device_id, data
        FROM events e JOIN shop_heads h USING (shop_id) WHERE shop_id = $1 AND e.seq = ${voided}`,
      () => [
        {
          kind: 'inserted',
          subject: `Event ${lastEvent + 1}`,
          detail: /^It says \d{4}-.*, but was put in after seal 5/,
        },
      ],
    ],
    [
      'the end, cut off with its seals and the counters set back',
      () => `DELETE FROM audit_seals WHERE chain_id = $1 AND seal_no > 2;
        DELETE FROM events e USING audit_seals s WHERE e.shop_id = $1 AND s.chain_id = $1 AND s.seal_no = 2 AND e.seq > s.event_seq;
        DELETE FROM security_log l USING audit_seals s WHERE l.chain_id = $1 AND s.chain_id = $1 AND s.seal_no = 2 AND l.seq > s.log_seq;
        UPDATE shop_heads SET seq = (SELECT max(seq) FROM events WHERE shop_id = $1) WHERE shop_id = $1;
        UPDATE audit_chains SET log_seq = (SELECT max(seq) FROM security_log WHERE chain_id = $1) WHERE id = $1`,
      () => [
        {
          kind: 'cut_off',
          subject: /^The head that this machine kept, of \d{4}-/,
          detail:
            /^It has seal 5, but the chain ends at seal 2: what came after was cut off\. If you restored/,
        },
      ],
    ],
    [
      'all of it, cut off',
      () => `DELETE FROM audit_seals WHERE chain_id = $1; DELETE FROM events WHERE shop_id = $1;
        DELETE FROM security_log WHERE chain_id = $1; UPDATE shop_heads SET seq = 0; UPDATE audit_chains SET log_seq = 0`,
      () => [{ kind: 'cut_off', subject: /^The head that/, detail: /but the chain has no seal/ }],
    ],
    [
      'a counter that was set back',
      () => 'UPDATE shop_heads SET seq = seq - 2 WHERE shop_id = $1',
      () => [{ kind: 'counter', subject: "The shop's counter", detail: /it was set back/ }],
    ],
    [
      "the log's counter that was set back",
      () => 'UPDATE audit_chains SET log_seq = 1 WHERE id = $1',
      () => [{ kind: 'counter', subject: "The log's counter", detail: /it was set back/ }],
    ],
    [
      'one that was removed before it was sealed',
      () => `UPDATE shop_heads SET seq = seq + 2 WHERE shop_id = $1;
        INSERT INTO events SELECT e.shop_id, h.seq, type, now(), actor, device_id, data
        FROM events e JOIN shop_heads h USING (shop_id) WHERE shop_id = $1 AND e.seq = ${voided}`,
      () => [{ kind: 'removed', subject: `Event ${lastEvent + 1}`, detail: /^It is gone, before any seal/ }],
    ],
    [
      'the last one, removed before it was sealed',
      () => 'UPDATE shop_heads SET seq = seq + 1 WHERE shop_id = $1',
      () => [{ kind: 'cut_off', subject: `Event ${lastEvent + 1}`, detail: /gone from the end/ }],
    ],
    [
      "a seal's hash that was changed",
      () => 'UPDATE audit_seals SET hash = sha256(hash) WHERE chain_id = $1 AND seal_no = 2',
      () => [{ kind: 'seal_changed', subject: 'Seal 2', detail: /was changed/ }],
    ],
    [
      'when a seal was made, changed',
      () =>
        "UPDATE audit_seals SET sealed_at = sealed_at - interval '1 second' WHERE chain_id = $1 AND seal_no = 2",
      () => [{ kind: 'seal_changed', subject: 'Seal 2', detail: /was changed/ }],
    ],
    [
      'a seal without its records',
      () => "UPDATE audit_seals SET records = '\\x00' WHERE chain_id = $1 AND seal_no = 2",
      () => [{ kind: 'seal_changed', subject: 'Seal 2', detail: /can't be relied on/ }],
    ],
    ...['records', 'hash', 'signature', 'key_id'].map(
      (column): Tampering => [
        `a seal whose ${column} is null`,
        () => `ALTER TABLE audit_seals ALTER ${column} DROP NOT NULL;
        UPDATE audit_seals SET ${column} = NULL WHERE chain_id = $1 AND seal_no = 2`,
        () => [
          {
            kind: ['records', 'hash'].includes(column) ? 'seal_changed' : 'seal_forged',
            subject: 'Seal 2',
            detail: /^The seal of/,
          },
        ],
      ],
    ),
    [
      'a seal that was removed',
      () => 'DELETE FROM audit_seals WHERE chain_id = $1 AND seal_no = 2',
      () => [{ kind: 'seal_removed', subject: 'Seal 2', detail: /^It is gone, before seal 3/ }],
    ],
  ];

  for (const [what, sql, finds] of tamperings) {
    it(`shows ${what}`, async () => {
      const { faults, wrong } = await findAfter(() => db.query(sql().replaceAll('$1', `'${shop.id}'`)));
      const expected = finds();
      expect(
        faults.map(({ kind, subject }) => `${kind} ${subject}`).join('\n'),
        JSON.stringify(faults),
      ).to.satisfy((text: string) => expected.length === text.split('\n').filter(Boolean).length);
      expected.forEach(({ kind, subject, detail }, index) => {
        const fault = faults[index] as (typeof faults)[number];
        expect(fault.kind).to.equal(kind);
        if (typeof subject === 'string') expect(fault.subject).to.equal(subject);
        else expect(fault.subject).to.match(subject);
        expect(fault.detail).to.match(detail);
      });
      expect(wrong).to.equal(expected.length);
    });
  }

  it('shows one that was dated back, also when 500 of now or one large one came right before it', async () => {
    const seen: string[] = [];
    for (const noise of [500, 1]) {
      const { faults } = await findAfter(async () => {
        const add = `
          WITH head AS (UPDATE shop_heads SET seq = seq + $2 WHERE shop_id = $1 RETURNING seq)
          INSERT INTO events (shop_id, seq, type, at, actor, data)
          SELECT $1, seq - $2 + n, 'settings_changed', $3, '{"name": "nobody"}', $4 FROM head, generate_series(1, $2) n`;
        const text = randomBytes(noise === 1 ? 600_000 : 10).toString('hex');
        await db.query(add, [shop.id, noise, new Date(), JSON.stringify({ text })]);
        await db.query(add, [shop.id, 1, new Date(Date.now() - 30 * 86_400_000), '{}']);
        await sealAll(test);
      });
      seen.push(...faults.map(({ kind, subject }) => `${kind} ${subject}`));
    }
    expect(seen).to.deep.equal([`inserted Event ${lastEvent + 501}`, `inserted Event ${lastEvent + 2}`]);
  });

  it('is verified where the time zone of the shop was made one that is none', async () => {
    const { rows } = await db.query('SELECT timezone FROM shops WHERE id = $1', [shop.id]);
    await db.query("UPDATE shops SET timezone = 'Mars/Base' WHERE id = $1", [shop.id]);
    const { faults } = await findAfter(() =>
      db.query('UPDATE events SET type = $3 WHERE shop_id = $1 AND seq = $2', [
        shop.id,
        voided,
        'shop_updated',
      ]),
    );
    await db.query('UPDATE shops SET timezone = $2 WHERE id = $1', [shop.id, rows[0].timezone]);
    expect(faults.map(({ subject }) => subject)).to.deep.equal([`Event ${voided}`]);
  });

  it('shows that nothing was sealed for long, though a server runs', async () => {
    const verifyIn = (minutes: number) => {
      const app = { ...test.app, now: () => new Date(Date.now() + minutes * 60_000) };
      return verifyChainOf({ ...test, app }, shop.id);
    };
    const lock = await takeServerLock(test.database.url, false, () => {});
    const { faults } = await findAfter(async () => {
      await db.query(
        `WITH h AS (UPDATE shop_heads SET seq = seq + 1 WHERE shop_id = $1 RETURNING seq)
         INSERT INTO events (shop_id, seq, type, at, actor, data) SELECT $1, seq, 'shop_updated', now(), '{}', '{}' FROM h`,
        [shop.id],
      );
      expect((await verifyIn(9)).faults).to.deep.equal([]);
      const late = await verifyIn(11);
      expect(late.faults.map(({ kind, subject }) => [kind, subject])).to.deep.equal([
        ['not_sealed', 'What came last'],
      ]);
      await lock.release();
      expect((await verifyIn(11)).faults).to.deep.equal([]);
    });
    expect(faults).to.deep.equal([]);
  });

  /** Changes an event and makes all seals from then on anew, so that every hash fits; signs them with a key of one's own. */
  async function forge(keyId?: string): Promise<number> {
    const data = 'data || \'{"voidReason": "a complaint"}\'';
    await db.query(`UPDATE events SET data = ${data} WHERE shop_id = $1 AND seq = $2`, [shop.id, voided]);
    const em = test.app.orm.em.fork();
    const { rows } = await recordsAfter(em, shop.id, 'event', voided - 1, 1);
    const hash = hashRecord(shop.id, 'event', rows[0] as (typeof rows)[number]);
    const { privateKey } = generateKeyPairSync('ed25519');
    const seals = await sealsAfter(em, shop.id, 0, 100);
    let previous: Buffer = NO_HASH;
    for (const seal of seals) {
      const records = packRecords(
        (unpackRecords(seal.records) ?? []).map((record) =>
          record.kind === 'event' && record.seq === voided ? { ...record, hash } : record,
        ),
      );
      previous = hashSeal(previous, shop.id, { ...seal, records });
      await db.query(
        `UPDATE audit_seals SET records = $3, hash = $4, signature = $5, key_id = coalesce($6, key_id)
         WHERE chain_id = $1 AND seal_no = $2`,
        [shop.id, seal.sealNo, records, previous, sign(null, signedBytes(previous), privateKey), keyId],
      );
    }
    return seals.length;
  }

  it('shows a chain that was made anew without the key', async () => {
    let seals = 0;
    const { faults } = await findAfter(async () => {
      seals = await forge();
    });
    const forged = faults.filter(({ kind }) => kind === 'seal_forged');
    expect(forged.map(({ subject }) => subject)).to.deep.equal(
      [...Array(seals).keys()].map((index) => `Seal ${index + 1}`),
    );
    expect(forged[0]?.detail).to.match(
      /isn't signed by this installation \(key [\w-]{12}\): somebody else made it\.$/,
    );
    // What stands outside of the database differs too.
    expect(faults[0]).to.include({ kind: 'rewritten' });
    expect(faults[0]?.detail).to.match(/^It has another seal \d than the chain/);
    expect(faults).to.have.length(seals + 1);
  });

  it("shows a chain that was made anew with somebody's own key, put beside or in the place of the installation's", async () => {
    const wrapped = randomBytes(96);
    const row = (id: string) =>
      db.query("INSERT INTO keys (id, purpose, wrapped, created_at) VALUES ($1, 'audit', $2, now())", [
        id,
        wrapped,
      ]);
    const open = () => createApp(test.app.config);
    await findAfter(async () => {
      await forge('AAAAAAAAAAAA');
      await row('AAAAAAAAAAAA');
      // Nothing is verified with a key that the master key didn't wrap: the program doesn't even open it.
      expect(await open().catch((error) => error)).to.be.instanceOf(WrongKeyError);
      await db.query("DELETE FROM keys WHERE purpose = 'audit'");
      await row('AAAAAAAAAAAA');
      expect(await open().catch((error) => error)).to.be.instanceOf(WrongKeyError);
    });
  });

  it('shows when the key was taken away: what it signed is not signed any more', async () => {
    await findAfter(async () => {
      await db.query("DELETE FROM keys WHERE purpose = 'audit'");
      const other = await createApp(test.app.config);
      try {
        const { faults, seals } = await verifyChainOf({ ...test, app: other }, shop.id);
        expect(faults.map(({ kind }) => kind)).to.deep.equal(Array(seals).fill('seal_forged'));
      } finally {
        await other.close();
      }
    });
  });

  describe('held against what stands outside of the database', () => {
    const cut = `
      DELETE FROM audit_seals WHERE chain_id = $1 AND seal_no > 2;
      DELETE FROM events e USING audit_seals s WHERE e.shop_id = $1 AND s.chain_id = $1 AND s.seal_no = 2 AND e.seq > s.event_seq;
      DELETE FROM security_log l USING audit_seals s WHERE l.chain_id = $1 AND s.chain_id = $1 AND s.seal_no = 2 AND l.seq > s.log_seq;
      UPDATE shop_heads SET seq = (SELECT max(seq) FROM events WHERE shop_id = $1) WHERE shop_id = $1;
      UPDATE audit_chains SET log_seq = (SELECT max(seq) FROM security_log WHERE chain_id = $1) WHERE id = $1`;
    const cutOff = () => db.query(cut.replaceAll('$1', `'${shop.id}'`));

    it('a head on paper shows what was cut off, also when nothing else does', async () => {
      const head = parseHead((await verify()).head as string) as Head;
      expect((await verifyChainOf(test, shop.id, { heads: [head] })).faults).to.deep.equal([]);
      await findAfter(async () => {
        await cutOff();
        rmSync(headFile());
        const unseen = await verify();
        expect([unseen.isSound, unseen.notes]).to.deep.equal([
          true,
          ['This machine keeps no head of it: only a server does, from the first seal on.'],
        ]);
        const { faults } = await verifyChainOf(test, shop.id, { heads: [head] });
        expect(faults.map(({ kind, subject }) => [kind, subject])).to.deep.equal([
          ['cut_off', 'The head that was given'],
        ]);
        // And when the shop goes on, so that a seal of this number is there again.
        for (let n = 0; n < 3; n += 1) {
          await shop.manager.put(`${shop.path}/inventory/${shop.milk.id}`, {
            adjust: '1',
            reason: 'purchase',
          });
          await sealAll(test);
        }
        const again = await verifyChainOf(test, shop.id, { heads: [head] });
        expect(again.faults.map(({ kind }) => kind)).to.deep.equal(['rewritten']);
      });
    });

    it('the head in a Z report does', async () => {
      const { faults } = await findAfter(async () => {
        const id = randomUUID();
        expect((await shop.cashier.post(`${shop.path}/shifts`, { id, openingFloat: 0 })).status).to.equal(
          201,
        );
        await sealAll(test);
        const z = await shop.cashier.post(`${shop.path}/shifts/${id}/close`, { denominations: [] });
        expect(z.body.auditHead).to.equal((await verify()).head);
        expect((await shop.cashier.get(`${shop.path}/shifts/${id}/report`)).body.auditHead).to.equal(
          z.body.auditHead,
        );
        await cutOff();
        rmSync(headFile());
      });
      expect(faults.map(({ kind, subject }) => [kind, subject])).to.deep.equal([
        ['cut_off', 'The head in Z report 2'],
      ]);
    });

    it('the head that is kept stays when the chain was cut off and goes on: it is what shows it', async () => {
      const { faults } = await findAfter(async () => {
        await cutOff();
        for (let n = 0; n < 5; n += 1) {
          await shop.manager.put(`${shop.path}/inventory/${shop.milk.id}`, {
            adjust: '1',
            reason: 'purchase',
          });
          await sealAll(test);
        }
      });
      expect(faults.map(({ kind }) => kind)).to.deep.equal(['rewritten']);
      expect(faults[0]?.detail).to.include(`remove ${headFile()}.`);
    });

    it('a file that nobody can read is said', async () => {
      const { faults } = await findAfter(async () => writeFileSync(headFile(), '{}'));
      expect(faults.map(({ kind }) => kind)).to.deep.equal(['rewritten']);
    });

    it('a shop that is gone is said', async () => {
      const lost = randomUUID();
      writeFileSync(join(test.home, 'audit-heads', `${lost}.json`), readFileSync(headFile()));
      const { faults } = await verifyChainOf(test, lost);
      expect(faults.map(({ kind }) => kind)).to.deep.equal(['cut_off', 'counter']);
      rmSync(join(test.home, 'audit-heads', `${lost}.json`));
    });

    it('is closed to others, and written anew as a whole', () => {
      expect(statSync(headFile()).mode & 0o777).to.equal(0o600);
      expect(statSync(join(test.home, 'audit-heads')).mode & 0o777).to.equal(0o700);
      expect(
        readdirSync(join(test.home, 'audit-heads')).filter((name) => !name.endsWith('.json')),
      ).to.deep.equal([]);
    });
  });

  it('and is sound again when everything was put back', async () => {
    expect((await verify()).faults).to.deep.equal([]);
  });
});
