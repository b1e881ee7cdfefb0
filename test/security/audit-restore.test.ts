import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { keptChains, setHeadsAside } from '../../src/core/audit/kept-heads.ts';
import { type Head, parseHead } from '../../src/core/audit/seal.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll, verifyChainOf } from '../support/audit-parts.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { beginEpochs, givenOldShop, sell, signInAgain } from '../support/epoch-parts.ts';
import type { TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const HOUR_MS = 3_600_000;

// The shop sells until noon, a backup is made, it sells on until two, and at three it is restored.
describe('the audit of a shop that was restored', function () {
  this.timeout(120_000);
  let home: string;
  let old: TestDatabase;
  let backup: TestDatabase;
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;
  let clock: Date;
  let madeAt: Date;
  /** The heads that were printed: one before the backup, and those of after it, which are lost. */
  let early: Head;
  let lost: Head[];
  let keptFile: string;
  let keptBefore: string;

  const start = (database: TestDatabase) => startTestApp({ now: () => clock, database, home, seals: false });
  const at = (time: string) => {
    clock = new Date(`2026-05-10T${time}:00Z`);
  };
  const headNow = async (of: TestApp) => parseHead((await verifyChainOf(of, shop.id)).head as string) as Head;

  before(async () => {
    home = tempFolder();
    old = await testDatabase();
    at('10:00');
    const first = await start(old);
    const given = await givenOldShop(first);
    shop = given.shop;
    await sealAll(first);
    early = await headNow(first);
    await first.close();
    at('12:00');
    madeAt = clock;
    backup = await old.copy();
    const second = await start(old);
    lost = [];
    for (const time of ['13:00', '13:30', '14:00']) {
      at(time);
      await sell(await signInAgain(second, shop), given.tea);
      await sealAll(second);
      lost.push(await headNow(second));
    }
    await second.close();
    keptFile = join(home, 'audit-heads', `${shop.id}.json`);
    keptBefore = readFileSync(keptFile, 'utf8');

    at('15:00');
    test = await start(backup);
    db = await backup.connect();
    await beginEpochs(test, { backup: { id: 'b-1', madeAt } });
    shop = await signInAgain(test, shop);
  });
  after(async () => {
    await test?.close();
    await Promise.all([old?.drop(), backup?.drop()]);
    removeFolder(home);
  });

  const verify = (heads: Head[] = []) => verifyChainOf(test, shop.id, { heads });
  const RESTORED =
    /^The data was restored from a backup of 2026-05-10 17:30:00 on 2026-05-10 20:30:00: it goes on after seal 1\. Seals up to 4 of before are not in it\.$/;

  it('is sound and says so, also while the head of before still lies there', async () => {
    const { isSound, faults, notes } = await verify();
    expect([isSound, faults]).to.deep.equal([true, []]);
    expect(notes[0]).to.match(RESTORED);
    expect(notes[1]).to.equal(
      'The head that this machine kept, of 2026-05-10 19:30:00, is of before the restore of 2026-05-10 20:30:00: a server puts it aside.',
    );
    expect(await verifyChainOf(test, null)).to.include({ isSound: true });
  });

  it('goes on in the same chain, signed, and its head takes the place of the one of before, which is put aside', async () => {
    clock = new Date(clock.getTime() + HOUR_MS);
    await sealAll(test);
    expect(JSON.parse(readFileSync(keptFile, 'utf8'))).to.include({ sealNo: 2 });
    const aside = readdirSync(join(home, 'audit-heads')).filter((name) => name.startsWith('before-'));
    expect(aside).to.deep.equal(['before-20260510T160000Z']);
    const folder = join(home, 'audit-heads', aside[0] as string);
    expect(readFileSync(join(folder, `${shop.id}.json`), 'utf8')).to.equal(keptBefore);
    expect(await keptChains(home)).to.include(shop.id);
    const { isSound, notes, seals } = await verify();
    expect([isSound, seals]).to.deep.equal([true, 2]);
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(RESTORED);
  });

  it('explains a printed head of what was lost by its date, and knows one of before the backup', async () => {
    const { isSound, notes } = await verify([early, ...lost]);
    expect(isSound).to.equal(true);
    expect(notes.slice(1)).to.have.members(
      lost.map(
        ({ sealNo, hash }) =>
          `The head that was given, ${sealNo}:${hash.slice(0, 16)}…, is not in the chain. The restore of 2026-05-10 20:30:00 accounts for it if its paper was printed after 2026-05-10 17:30:00 and before then; on any other it means that the chain was cut off or replaced.`,
      ),
    );
  });

  it('does not explain a head further than what was lost, nor another one of a seal that it has from before', async () => {
    const further = { sealNo: 5, hash: 'ab'.repeat(32) };
    expect((await verify([further])).faults.map(({ kind }) => kind)).to.deep.equal(['cut_off']);
    const other = { sealNo: early.sealNo, hash: 'ab'.repeat(32) };
    expect((await verify([other])).faults.map(({ kind }) => kind)).to.deep.equal(['rewritten']);
  });

  /** What is found after somebody with the database alone was at it; everything is as it was afterwards. */
  async function findAfter(sql: string, heads: Head[] = []) {
    const tables = ['security_log', 'audit_seals', 'audit_chains', 'events', 'shop_heads'];
    for (const table of tables) await db.query(`CREATE TABLE kept_${table} AS TABLE ${table}`);
    try {
      await db.query("SET session_replication_role = 'replica'");
      await db.query(sql.replaceAll('$1', `'${shop.id}'`));
      return await verify(heads);
    } finally {
      for (const table of tables) {
        await db.query(
          `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}; DROP TABLE kept_${table}`,
        );
      }
      await db.query("SET session_replication_role = 'origin'");
    }
  }
  const kindsOf = ({ faults }: { faults: { kind: string }[] }) => [
    ...new Set(faults.map(({ kind }) => kind)),
  ];

  /** Back to the state of a seal, with the counters that belong to it. */
  const cutTo = (sealNo: number) => `
    DELETE FROM audit_seals WHERE chain_id = $1 AND seal_no > ${sealNo};
    DELETE FROM events WHERE shop_id = $1
      AND seq > (SELECT max(event_seq) FROM audit_seals WHERE chain_id = $1);
    DELETE FROM security_log WHERE chain_id = $1
      AND seq > (SELECT max(log_seq) FROM audit_seals WHERE chain_id = $1);
    UPDATE shop_heads SET seq = (SELECT max(event_seq) FROM audit_seals WHERE chain_id = $1) WHERE shop_id = $1;
    UPDATE audit_chains SET log_seq = (SELECT max(log_seq) FROM audit_seals WHERE chain_id = $1) WHERE id = $1;`;
  const addRestored = (details: string) => `
    WITH c AS (UPDATE audit_chains SET log_seq = log_seq + 1 WHERE id = $1 RETURNING log_seq)
    INSERT INTO security_log SELECT $1, log_seq, 'restored', now(), '{"kind":"system","id":null,"name":"restore"}', NULL, NULL,
      ${details} FROM c;`;
  const GENUINE = `(SELECT details FROM kept_security_log WHERE chain_id = $1 AND type = 'restored')`;

  it('is not fooled by a restore that somebody with the database alone made up', async () => {
    const lostHere = { sealNo: 2, hash: (await headNow(test)).hash };
    const madeUp = `'{"reason":"restored","backupId":"b-2","backupMadeAt":"2026-05-10T12:00:00.000Z","lostSince":null,
      "epoch":null,"after":null,"lost":null,"keyId":"x","signature":"eA=="}'::jsonb`;
    const found = await findAfter(`${cutTo(1)} ${addRestored(madeUp)}`, [lostHere]);
    expect(kindsOf(found)).to.include.members(['restore_forged', 'cut_off']);
    expect(found.faults.find(({ kind }) => kind === 'restore_forged')?.detail).to.equal(
      "It says that the data was restored from a backup, but this installation didn't sign it.",
    );
    // As little by the words of a real one, put elsewhere or changed.
    const copied = await findAfter(addRestored(GENUINE));
    expect(kindsOf(copied)).to.include('restore_forged');
    const changed = `${GENUINE} || '{"lost": null}'`;
    const rewritten = await findAfter(
      `UPDATE security_log SET details = ${changed} WHERE chain_id = $1 AND type = 'restored'`,
    );
    expect(kindsOf(rewritten)).to.include.members(['restore_forged', 'changed']);
  });

  it('finds that it was cut off after a real restore, be it down to that', async () => {
    const since = await findAfter(cutTo(1));
    expect(kindsOf(since)).to.include('cut_off');
    const whole = `DELETE FROM audit_seals WHERE chain_id = $1 AND seal_no > 1`;
    expect(kindsOf(await findAfter(whole))).to.include('cut_off');
    const below = await findAfter(
      `${cutTo(1)} DELETE FROM audit_seals WHERE chain_id = $1; ${addRestored(GENUINE)}`,
    );
    expect(kindsOf(below)).to.include.members(['restore_forged', 'cut_off']);
  });

  it('calls a head that this machine kept since the restore, and that is gone, what it is', async () => {
    const head = readFileSync(keptFile, 'utf8');
    try {
      const gone = { ...JSON.parse(head), sealNo: 3, hash: 'ab'.repeat(32), sealedAt: clock.toISOString() };
      writeFileSync(keptFile, JSON.stringify(gone));
      expect(kindsOf(await verify())).to.deep.equal(['cut_off']);
    } finally {
      writeFileSync(keptFile, head);
    }
  });

  it('puts heads aside once, into a folder that nothing is written over in', async () => {
    const other = tempFolder();
    const heads = join(other, 'audit-heads');
    const chain = '0190a0a0-0000-7000-8000-0000000000aa';
    const file = join(heads, `${chain}.json`);
    const keep = async (text: string) => {
      const { mkdir, writeFile } = await import('node:fs/promises');
      await mkdir(heads, { recursive: true });
      await writeFile(file, text);
    };
    expect(await setHeadsAside(other, clock)).to.equal(null);
    await keep('first');
    const folder = await setHeadsAside(other, clock);
    expect([existsSync(file), readFileSync(join(folder as string, `${chain}.json`), 'utf8')]).to.deep.equal([
      false,
      'first',
    ]);
    expect(await setHeadsAside(other, clock)).to.equal(null);
    await keep('second');
    expect(await setHeadsAside(other, clock)).to.equal(`${folder}-2`);
    expect(readFileSync(join(folder as string, `${chain}.json`), 'utf8')).to.equal('first');
    removeFolder(other);
  });

  it('explains what came in between once the restore is undone', async () => {
    at('18:00');
    const between = await headNow(test);
    const undone = await start(old);
    try {
      await beginEpochs(undone, {
        reason: 'undone',
        backup: null,
        lostSince: new Date('2026-05-10T15:00:00Z'),
      });
      const first = await verifyChainOf(undone, shop.id, { heads: [between, early, ...lost] });
      expect([first.isSound, first.faults]).to.deep.equal([true, []]);
      expect(first.notes[0]).to.equal(
        'A restore was undone on 2026-05-10 23:30:00: it goes on after seal 4.',
      );
      expect(first.notes.join('\n')).to.include(
        `${between.sealNo}:${between.hash.slice(0, 16)}…, is not in the chain.`,
      );
      at('19:00');
      await sealAll(undone);
      expect(JSON.parse(readFileSync(keptFile, 'utf8'))).to.include({ sealNo: 5 });
      expect(await verifyChainOf(undone, shop.id)).to.include({ isSound: true, seals: 5 });
    } finally {
      await undone.close();
    }
  });
});
