import { expect } from 'chai';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../../src/app.ts';
import { readRefreshToken } from '../../src/core/auth/refresh-token.ts';
import { startSession } from '../../src/core/auth/sign-in.ts';
import { signOut } from '../../src/core/users/end-sessions.ts';
import { User } from '../../src/core/users/user.entity.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Answer, clientOf } from '../support/client.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { connectEar, until } from '../support/feed-ear.ts';
import { securityLog } from '../support/sign-in-parts.ts';
import { givenPerson, type Person, type World } from '../support/world.ts';

const DAY_MS = 86_400_000;

describe('a session', () => {
  let test: TestApp;
  let shop: TestShop;
  let db: pg.Client;
  let now: Date;
  let person: Person;

  before(async () => {
    now = new Date();
    test = await startTestApp({ now: () => now });
    shop = await givenShop(test, 'SESS');
    db = await test.database.connect();
  });
  beforeEach(async () => {
    now = new Date();
    person = await givenPerson({ test, db, shop } as World, 'cashier');
  });
  after(() => test.close());

  const refresh = (refreshToken: string, attempt?: string) =>
    clientOf(test.url).post('/api/auth/refresh', { refreshToken, ...(attempt && { attempt }) });
  const refreshed = async (refreshToken: string): Promise<{ accessToken: string; refreshToken: string }> => {
    const { status, body, text } = await refresh(refreshToken);
    expect(status, text).to.equal(200);
    return body;
  };
  const use = async (accessToken: string) =>
    (await clientOf(test.url, accessToken).get('/api/auth/profile')).status;
  const pass = (days: number) => {
    now = new Date(now.getTime() + days * DAY_MS);
  };
  const endReason = async ({ sessionId }: Person) =>
    (await db.query('SELECT end_reason FROM sessions WHERE id = $1', [sessionId])).rows[0].end_reason;

  /** Sessions that were started so many days ago, on one device; the one that was written first has the highest id. */
  async function givenOld(userId: string, days: number, count: number): Promise<string[]> {
    const at = new Date(now.getTime() - days * DAY_MS);
    const ids = Array.from({ length: count }, () => uuidv7({ msecs: at.getTime() }))
      .sort()
      .reverse();
    await db.query(
      `INSERT INTO sessions (id, user_id, family_hash, refresh_hash, device_id, created_at, last_seen_at, expires_at)
       SELECT id, $2, 'family', id::text, 'till', $3, $3, $3::timestamptz + interval '30 days'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS old (id, n) ORDER BY n`,
      [ids, userId, at],
    );
    return ids;
  }

  describe('whose refresh token comes a second time', () => {
    it('gives the same tokens again when the answer was lost, also many times at once', async () => {
      const first = await refreshed(person.refreshToken);
      expect(await refreshed(person.refreshToken)).to.deep.equal(first);
      expect(first.refreshToken).to.not.equal(person.refreshToken);
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(first.refreshToken)));
      const bodies = answers.map(({ body }) => body);
      expect(bodies).to.deep.equal(Array(10).fill(bodies[0]));
      expect(await use(bodies[0].accessToken)).to.equal(200);
      // It goes on from there, and the tokens of before are still good for what they are.
      expect(await use(first.accessToken)).to.equal(200);
      expect(await use((await refreshed(bodies[0].refreshToken)).accessToken)).to.equal(200);
      expect(await endReason(person)).to.equal(null);
    });

    it('gives the same tokens to the same attempt alone: who copied the token is found out, used or not', async () => {
      const [mine, theirs] = ['attempt-of-the-owner', 'attempt-of-a-thief'];
      const { body: first } = await refresh(person.refreshToken, mine);
      expect((await refresh(person.refreshToken, mine)).body).to.deep.equal(first);
      // The thief is first, and uses nothing of what they got.
      expect((await refresh(first.refreshToken, theirs)).status).to.equal(200);
      expect((await refresh(first.refreshToken, mine)).status).to.equal(401);
      expect(await use(first.accessToken)).to.equal(401);
      expect(await endReason(person)).to.equal('reused');
      for (const attempt of ['short', 'no signs like this: !', 'x'.repeat(65)]) {
        expect((await refresh(first.refreshToken, attempt)).status, attempt).to.equal(422);
      }
    });

    it('is found out when one of the two names no attempt', async () => {
      expect((await refresh(person.refreshToken)).status).to.equal(200);
      expect((await refresh(person.refreshToken, 'attempt-of-the-owner')).status).to.equal(401);
      expect(await endReason(person)).to.equal('reused');
    });

    it('ends for both sides once the new tokens were used: HTTP, refreshing and sockets', async () => {
      const ear = await connectEar(test.url, { token: person.accessToken, shopId: shop.id });
      const renewed = await refreshed(person.refreshToken);
      expect(await use(renewed.accessToken)).to.equal(200);
      expect((await refresh(person.refreshToken)).status).to.equal(401);
      await until(() => ear.closed.length === 1, 1_000);
      expect(await use(person.accessToken)).to.equal(401);
      expect(await use(renewed.accessToken)).to.equal(401);
      expect((await refresh(renewed.refreshToken)).status).to.equal(401);
      expect((await refresh(person.refreshToken)).status).to.equal(401);
      expect(await endReason(person)).to.equal('reused');
      const records = await securityLog(test, 'refresh_reused');
      const mine = records.filter(({ details }) => details.sessionId === person.sessionId);
      expect(mine).to.have.length(1);
      expect(mine[0]).to.deep.include({ chain_id: shop.id, address: '127.0.0.1' });
      expect(mine[0]?.actor.id).to.equal(person.id);
    });

    it('counts a socket as use of the new tokens', async () => {
      const renewed = await refreshed(person.refreshToken);
      const ear = await connectEar(test.url, { token: renewed.accessToken, shopId: shop.id });
      expect((await refresh(person.refreshToken)).status).to.equal(401);
      await until(() => ear.closed.length === 1, 1_000);
      expect(await endReason(person)).to.equal('reused');
    });

    it('throws the thief out who refreshed before the owner, and the owner notices', async () => {
      const stolen = await refreshed(person.refreshToken);
      expect(await use(stolen.accessToken)).to.equal(200);
      expect((await refresh(person.refreshToken)).status).to.equal(401);
      expect(await use(stolen.accessToken)).to.equal(401);
      expect((await refresh(stolen.refreshToken)).status).to.equal(401);
    });

    it('throws the thief out who refreshes after the owner, with the tokens that they had copied', async () => {
      const own = await refreshed(person.refreshToken);
      expect(await use(own.accessToken)).to.equal(200);
      const next = await refreshed(own.refreshToken);
      expect(await use(next.accessToken)).to.equal(200);
      expect((await refresh(person.refreshToken)).status).to.equal(401);
      expect(await use(next.accessToken)).to.equal(401);
      expect(await endReason(person)).to.equal('reused');
    });

    it('lets two who share a token go on no longer than to the next refresh', async () => {
      const [own, stolen] = [await refreshed(person.refreshToken), await refreshed(person.refreshToken)];
      expect([await use(own.accessToken), await use(stolen.accessToken)]).to.deep.equal([200, 200]);
      const next = await refreshed(own.refreshToken);
      expect(await use(next.accessToken)).to.equal(200);
      expect((await refresh(stolen.refreshToken)).status).to.equal(401);
      expect(await use(next.accessToken)).to.equal(401);
    });

    it('ends by a token of two refreshes ago, though nobody used those between', async () => {
      const second = await refreshed(person.refreshToken);
      await refreshed(second.refreshToken);
      expect((await refresh(person.refreshToken)).status).to.equal(401);
      expect(await endReason(person)).to.equal('reused');
    });

    it('ends once when an old token comes many times at once, and leaves the other sessions alone', async () => {
      const other = await givenPerson({ test, db, shop } as World, 'cashier');
      await db.query('UPDATE sessions SET user_id = $1 WHERE id = $2', [person.id, other.sessionId]);
      await use((await refreshed(person.refreshToken)).accessToken);
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(person.refreshToken)));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(10).fill(401));
      const records = await securityLog(test, 'refresh_reused');
      expect(records.filter(({ details }) => details.sessionId === person.sessionId)).to.have.length(1);
      expect(await endReason(other)).to.equal(null);
      expect((await refresh(other.refreshToken)).status).to.equal(200);
    });
  });

  it('ends by no rubbish and no forged token: nobody can sign another out', async () => {
    const { sessionId, family, secret } = readRefreshToken(person.refreshToken) as NonNullable<
      ReturnType<typeof readRefreshToken>
    >;
    const other = await givenPerson({ test, db, shop } as World, 'cashier');
    const foreign = readRefreshToken(other.refreshToken) as { family: string; secret: string };
    const forged = [
      'x',
      '..',
      person.accessToken,
      sessionId,
      `${sessionId}.${family}`,
      `${sessionId}..${secret}`,
      `${sessionId}.${'A'.repeat(22)}.${secret}`,
      `${sessionId}.${'A'.repeat(22)}.${'A'.repeat(43)}`,
      `${sessionId}.${foreign.family}.${foreign.secret}`,
      `${sessionId}.${foreign.family}.${secret}`,
      `${other.sessionId}.${family}.${secret}`,
      `${sessionId}.${family}.${secret}x`,
      `${sessionId.toUpperCase()}.${family}.${secret}`,
      ` ${person.refreshToken}`,
      `00000000-0000-0000-0000-000000000000.${family}.${secret}`,
    ];
    for (const token of forged) {
      expect((await refresh(token.slice(0, 200))).status, token).to.be.oneOf([401, 422]);
    }
    expect(await endReason(person)).to.equal(null);
    expect(await endReason(other)).to.equal(null);
    // A refresh token is no access token either.
    expect(await use(person.refreshToken)).to.equal(401);
    await refreshed(person.refreshToken);
  });

  it('ends after thirty days, though it was refreshed every day', async () => {
    let { refreshToken, accessToken } = person;
    for (let day = 1; day < 30; day += 1) {
      pass(1);
      ({ refreshToken, accessToken } = await refreshed(refreshToken));
      expect(await use(accessToken)).to.equal(200);
    }
    pass(1 - 1 / (24 * 60));
    ({ refreshToken, accessToken } = await refreshed(refreshToken));
    expect(await use(accessToken)).to.equal(200);
    // The access token would be good for another quarter of an hour.
    pass(1 / (24 * 60));
    expect(await use(accessToken)).to.equal(401);
    expect((await refresh(refreshToken)).status).to.equal(401);
  });

  it('ends when nobody touched it for fifteen days, and is listed no more', async () => {
    pass(14.9);
    const { refreshToken } = await refreshed(person.refreshToken);
    pass(14.9);
    const again = await refreshed(refreshToken);
    expect(await use(again.accessToken)).to.equal(200);
    const idle = await givenPerson({ test, db, shop } as World, 'cashier');
    await db.query("UPDATE sessions SET expires_at = $2::timestamptz + interval '1 year' WHERE id = $1", [
      idle.sessionId,
      now,
    ]);
    pass(15);
    expect((await refresh(idle.refreshToken)).status).to.equal(401);
    const fresh = await givenPerson({ test, db, shop } as World, 'cashier');
    await db.query('UPDATE sessions SET user_id = $1 WHERE id = $2', [fresh.id, idle.sessionId]);
    const { body } = await clientOf(test.url, fresh.accessToken).get('/api/auth/sessions');
    expect(idsOf(body)).to.deep.equal([fresh.sessionId]);
  });

  it('is listed with its device and address, for its owner alone, and can be ended from another one', async () => {
    const other = await givenPerson({ test, db, shop } as World, 'cashier');
    const elsewhere = await givenPerson({ test, db, shop } as World, 'cashier');
    await db.query(
      "UPDATE sessions SET user_id = $1, device_id = 'bar', device_name = 'Bar', address = '198.51.100.9' WHERE id = $2",
      [person.id, elsewhere.sessionId],
    );
    const mine = clientOf(test.url, person.accessToken);
    const { body } = await mine.get('/api/auth/sessions');
    expect(idsOf(body).toSorted()).to.deep.equal([person.sessionId, elsewhere.sessionId].toSorted());
    const bar = body.data.find(({ id }: { id: string }) => id === elsewhere.sessionId);
    expect(bar).to.include({ deviceId: 'bar', deviceName: 'Bar', address: '198.51.100.9', isCurrent: false });
    expect(body.data.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent).id).to.equal(
      person.sessionId,
    );

    expect((await mine.delete(`/api/auth/sessions/${other.sessionId}`)).status).to.equal(404);
    expect((await mine.delete(`/api/auth/sessions/${person.id}`)).status).to.equal(404);
    expect(await use(other.accessToken)).to.equal(200);
    expect((await mine.delete(`/api/auth/sessions/${elsewhere.sessionId}`)).status).to.equal(204);
    expect((await mine.delete(`/api/auth/sessions/${elsewhere.sessionId}`)).status).to.equal(404);
    expect((await refresh(elsewhere.refreshToken)).status).to.equal(401);
    expect(idsOf((await mine.get('/api/auth/sessions')).body)).to.deep.equal([person.sessionId]);
    expect(await endReason(elsewhere)).to.equal('ended');
    expect((await mine.delete(`/api/auth/sessions/${person.sessionId}`)).status).to.equal(204);
    expect(await use(person.accessToken)).to.equal(401);
    expect(await endReason(person)).to.equal('signed_out');
  });

  describe('when many are ended', () => {
    /** Two of one person's on one device; the one that was written first has the higher id. */
    async function givenTwo(): Promise<{ user: User; first: string; second: string }> {
      const [second, first] = (await givenOld(person.id, 0, 2)) as [string, string];
      const user = await test.app.orm.em.fork().findOneOrFail(User, person.id);
      await db.query('UPDATE sessions SET ended_at = now() WHERE id = $1', [person.sessionId]);
      return { user, first, second };
    }
    const isWaiting = async () =>
      (
        await db.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%sessions%'",
        )
      ).rows.length > 0;
    const isEnded = async (id: string) =>
      (await db.query('SELECT ended_at FROM sessions WHERE id = $1', [id])).rows[0].ended_at !== null;

    it('takes them in the order of their ids, so that no two wait for each other', async () => {
      const { user, first, second } = await givenTwo();
      const holder = await test.database.connect();
      await holder.query('BEGIN');
      await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [first]);
      const ended = signOut(systemContext(test.app, 'test'), user);
      await until(isWaiting);
      await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE NOWAIT', [second]);
      await holder.query('COMMIT');
      expect(await ended).to.equal(2);
      await holder.end();
    });

    it('does it again when somebody else held them the other way around', async () => {
      const { user, first, second } = await givenTwo();
      const holder = await test.database.connect();
      // It never looks for deadlocks itself, so that the sign-out is the one that PostgreSQL ends.
      await holder.query("SET deadlock_timeout = '60s'");
      await holder.query('BEGIN');
      await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [second]);
      const ended = signOut(systemContext(test.app, 'test'), user);
      await until(isWaiting);
      await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [first]);
      await holder.query('COMMIT');
      expect(await ended).to.equal(2);
      await holder.end();
      expect([await isEnded(first), await isEnded(second)]).to.deep.equal([true, true]);
    });
  });

  it('is forgotten months after its end, a hundred at a time, when somebody signs in', async () => {
    const countOf = async (ids: string[]) =>
      (await db.query('SELECT FROM sessions WHERE id = ANY($1)', [ids])).rows.length;
    const user = await test.app.orm.em.fork().findOneOrFail(User, person.id);
    const gone = await givenPerson({ test, db, shop } as World, 'cashier');
    const [old, recent] = [await givenOld(gone.id, 121, 130), await givenOld(gone.id, 119, 3)];
    for (const left of [30, 0]) {
      const em = test.app.orm.em.fork();
      await startSession({ app: test.app, em }, user, undefined, null, 'password');
      expect(await countOf(old)).to.equal(left);
    }
    expect(await countOf(recent)).to.equal(3);
  });

  describe('of which somebody has many on a device', () => {
    const start = async (id = 'till') => {
      const user = await test.app.orm.em.fork().findOneOrFail(User, person.id);
      const em = test.app.orm.em.fork();
      const device = { id, name: id };
      return await startSession({ app: test.app, em }, user, device, null, 'password');
    };
    const startMany = async (count: number) => {
      const tokens: Awaited<ReturnType<typeof start>>[] = [];
      for (let n = 0; n < count; n += 1) tokens.push(await start());
      return tokens;
    };
    const useAll = (all: { accessToken: string }[]) =>
      Promise.all(all.map(({ accessToken }) => use(accessToken)));

    it('ends when twenty others there were used later', async () => {
      const elsewhere = await start('phone');
      const tokens = await startMany(22);
      expect(await useAll(tokens)).to.deep.equal([401, 401, ...Array(20).fill(200)]);
      expect(await useAll([elsewhere, person])).to.deep.equal([200, 200]);
      const { rows } = await db.query(
        "SELECT DISTINCT end_reason FROM sessions WHERE user_id = $1 AND device_id = 'till' AND ended_at IS NOT NULL",
        [person.id],
      );
      expect(rows).to.deep.equal([{ end_reason: 'oldest' }]);
    });

    it('goes on while it is in use, however long ago it began', async () => {
      const [first, ...others] = await startMany(20);
      pass(1);
      const renewed = await refreshed(first?.refreshToken as string);
      expect(await use((await start()).accessToken)).to.equal(200);
      expect(await use(renewed.accessToken)).to.equal(200);
      const statuses = await Promise.all(
        others.map(async (other) => (await refresh(other.refreshToken)).status),
      );
      expect(statuses).to.deep.equal([401, ...Array(18).fill(200)]);
    });

    it('is not ended as it begins, though the clock was put back', async () => {
      pass(1);
      await startMany(20);
      pass(-1);
      const { accessToken } = await start();
      expect(await use(accessToken)).to.equal(200);
      const { rows } = await db.query(
        "SELECT FROM sessions WHERE user_id = $1 AND device_id = 'till' AND ended_at IS NULL",
        [person.id],
      );
      expect(rows).to.have.length(20);
    });
  });

  it('is not started with what was right a moment ago: a change that is under way counts', async () => {
    const user = await test.app.orm.em.fork().findOneOrFail(User, person.id);
    const changes = [
      'UPDATE users SET disabled_at = now() WHERE id = $1',
      "UPDATE users SET password_hash = 'another' WHERE id = $1",
      "UPDATE users SET pin_hash = 'another' WHERE id = $1",
    ];
    const changer = await test.database.connect();
    const em = test.app.orm.em.fork();
    const start = () => startSession({ app: test.app, em }, user, undefined, null, 'password');
    const isWaiting = async () => {
      const { rows } = await db.query(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%IS NOT DISTINCT%'",
      );
      return rows.length > 0;
    };
    for (const change of changes) {
      await changer.query('BEGIN');
      await changer.query(change, [person.id]);
      const code = start().then(
        () => 'in',
        (error) => error.code,
      );
      await until(isWaiting);
      await changer.query('COMMIT');
      expect(await code, change).to.equal('wrong_credentials');
      await changer.query(
        'UPDATE users SET disabled_at = NULL, password_hash = $2, pin_hash = NULL WHERE id = $1',
        [person.id, user.passwordHash],
      );
    }
    expect(await use((await start()).accessToken)).to.equal(200);
  });
});

const idsOf = ({ data }: Answer['body']): string[] => data.map(({ id }: { id: string }) => id);
