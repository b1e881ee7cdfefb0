import { createHook } from 'node:async_hooks';
import { argon2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import type { ProblemError } from '../../src/contract/problem.ts';
import { findPasswordFault } from '../../src/core/auth/password-rules.ts';
import {
  HASHING_LONGEST_MS,
  hashPassword,
  needsRehash,
  verifyPassword,
} from '../../src/core/auth/passwords.ts';
import { renewHash } from '../../src/core/auth/rehash.ts';
import { issueSetupToken } from '../../src/core/shops/claim-installation.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Answer, clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, signIn, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { givenCopies } from '../support/sign-in-parts.ts';

const asha = {
  role: 'cashier',
  name: 'Asha Rao',
  email: 'asha.r@kulfi.example',
  shops: [{ name: 'Kulfi Corner', code: 'KULF' }],
} as const;
const TOO_SHORT = /^is shorter than 8 characters$/;
const COMMON = /^is one that many people use/;
const ABOUT = /^is made of the name, the e-mail or the shop/;
const REPEATED = /^is one or two characters over and over/;

describe('what a password may be', () => {
  const refused: [password: string, why: RegExp][] = [
    ['seven77', TOO_SHORT],
    ['🔑🔑🔒🔒', TOO_SHORT],
    ['Password1', COMMON],
    ['QWERTYUIOP', COMMON],
    ['iloveyou1', COMMON],
    ['passw0rd', COMMON],
    ['12345678', COMMON],
    ['zzzzzzzzzzzz', REPEATED],
    ['xyxyxyxyxyxy', REPEATED],
    ['asharao1990', ABOUT],
    ['Asha@2026!', ABOUT],
    ['rao-asha-rao', ABOUT],
    ['asha.r@kulfi.example', ABOUT],
    ['kulficorner123', ABOUT],
    ['KULF-98201-44512', ABOUT],
    ['Smoocho#2026', ABOUT],
    ['smoochosmoocho', ABOUT],
  ];
  for (const [password, why] of refused) {
    it(`is not ${password}`, async () => {
      expect(await findPasswordFault(password, asha)).to.match(why);
    });
  }

  const good = [
    PASSWORD,
    'a long password',
    'asha sells seashells',
    'neelam parbat',
    'नदी किनारे घर',
    '98201445127733',
    'aaaa bbbb cc',
  ];
  for (const password of good) {
    it(`is ${password}, whatever it is made of`, async () => {
      expect(await findPasswordFault(password, asha)).to.equal(null);
    });
  }

  const accented = {
    role: 'owner',
    name: 'José Müller-Łukasz',
    email: 'jm@example.com',
    shops: [{ name: 'Crème Brûlée', code: 'CREM' }],
  } as const;
  for (const password of [
    'jose-mueller-1990',
    'Muller Muller 2026',
    'JOSÉ.MÜLLER.JOSÉ',
    'josémuller123456',
    'cremebrulee2026',
    'lukaszlukasz44',
  ]) {
    it(`is not ${password} of somebody with accents in the name`, async () => {
      expect(await findPasswordFault(password, accented)).to.match(ABOUT);
    });
  }

  it('is not a common one with accents put on', async () => {
    expect(await findPasswordFault('pässwörd1', asha)).to.match(COMMON);
    // Vowel signs of other scripts are no accents.
    const neelam = { ...asha, name: 'नीलम' };
    expect(await findPasswordFault('नलमनलम', neelam)).not.to.match(ABOUT);
    expect(await findPasswordFault('नीलम-नीलम-2026', neelam)).to.match(ABOUT);
  });

  it('is twelve characters or more for an owner', async () => {
    const owner = { ...asha, role: 'owner' } as const;
    expect(await findPasswordFault('elevenchars', owner)).to.match(/^is shorter than 12 characters/);
    expect(await findPasswordFault('elevenchars', asha)).to.equal(null);
  });

  it('is in no example of ours one that is refused', async () => {
    const example = /echo '([^']+)' > owner-password\.txt/.exec(readFileSync('README.md', 'utf8'))?.[1];
    expect(await findPasswordFault(example as string, { ...asha, role: 'owner' })).to.equal(null);
  });
});

describe('many passwords at once', () => {
  it('are hashed two at a time while 128 wait, and whoever comes then is told so at once', async () => {
    const hashing = new Set<number>();
    let most = 0;
    // Node makes such a request when the work goes to its threads, and calls back when it is done.
    const watch = createHook({
      init(id, type) {
        if (type === 'ARGON2REQUEST') most = Math.max(most, hashing.add(id).size);
      },
      after: (id) => hashing.delete(id),
    }).enable();
    const begun = performance.now();
    const order: { fault: string | null; tookMs: number }[] = [];
    const settle = async () => {
      const fault = await hashPassword(PASSWORD).then(
        () => null,
        (error: ProblemError) => error.code,
      );
      order.push({ fault, tookMs: performance.now() - begun });
    };
    await Promise.all(Array.from({ length: 140 }, settle));
    watch.disable();
    expect(most).to.equal(2);
    const firstHashed = order.findIndex(({ fault }) => fault === null);
    const atOnce = order.slice(0, firstHashed);
    expect(atOnce.map(({ fault }) => fault)).to.deep.equal(Array(10).fill('too_busy'));
    // On a machine that has much else to do, some wait in line for longer than anybody listens.
    const late = order.slice(firstHashed).filter(({ fault }) => fault !== null);
    for (const { fault, tookMs } of late) {
      expect(fault).to.equal('too_busy');
      expect(tookMs).to.be.above(HASHING_LONGEST_MS);
    }
  }).timeout(120_000);
});

describe('a password that is set', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PASS');
  });
  after(() => test.close());

  const newcomer = (password: string) => ({ name: 'Ravi', email: 'ravi-pass@example.com', password });
  const idOf = async (name: string) => {
    const { body } = await shop.owner.get(`${shop.path}/users`);
    return body.data.find((user: { email: string }) => user.email.startsWith(name)).id as string;
  };
  const ways: [how: string, set: (password: string) => Promise<Answer>][] = [
    ['at the registration', (password) => shop.owner.post('/api/auth/register', newcomer(password))],
    [
      'at the claim of an installation',
      async (password) => {
        const db = await test.database.connect();
        await db.query('UPDATE setup SET claimed_at = NULL');
        const setupToken = await issueSetupToken(systemContext(test.app, 'test'));
        const answer = await clientOf(test.url).post('/api/auth/register', {
          ...newcomer(password),
          setupToken,
        });
        await db.query('UPDATE setup SET claimed_at = now()');
        await db.end();
        return answer;
      },
    ],
    [
      'for somebody new on the staff',
      (password) => shop.manager.post(`${shop.path}/users`, { ...newcomer(password), role: 'cashier' }),
    ],
    [
      'for somebody else',
      async (password) => shop.manager.put(`${shop.path}/users/${await idOf('cashier')}`, { password }),
    ],
    [
      'for oneself',
      (password) => shop.cashier.put('/api/auth/profile', { password, currentPassword: PASSWORD }),
    ],
  ];
  for (const [how, set] of ways) {
    it(`${how} is looked up in the list of common ones, and a sentence says what to do`, async () => {
      // The claim is an owner's: it takes one of twelve.
      const { status, body } = await set('Password1234');
      expect([status, body.errors]).to.deep.equal([
        422,
        [
          {
            pointer: '/password',
            detail:
              'is one that many people use, so it is tried first: choose three or four words that have nothing to do with each other',
          },
        ],
      ]);
      expect(body.detail).to.match(/^The password is one that many people use, .*\.$/);
    });
  }

  it('keeps nobody waiting who signs in elsewhere, however many one manager sets at once', async () => {
    const staff = await givenCopies(test, shop.emails.cashier, 100);
    const db = await test.database.connect();
    const { rows } = await db.query('SELECT id FROM users WHERE email = ANY($1)', [staff]);
    let done = 0;
    const sets = rows.map(async ({ id }) => {
      const { status } = await shop.manager.put(`${shop.path}/users/${id}`, { password: PASSWORD });
      if (status === 200) done += 1;
    });
    await Promise.race(sets);
    const before = done;
    await signIn(test, shop.emails.owner);
    expect(done - before).to.be.below(40);
    await Promise.all(sets);
  });

  it('is not that of an owner because they were a cashier before', async () => {
    const { body } = await shop.owner.post(`${shop.path}/users`, {
      ...newcomer('elevenchars'),
      email: 'rises@example.com',
      role: 'cashier',
    });
    const path = `${shop.path}/users/${body.id}`;
    const bare = await shop.owner.put(path, { role: 'owner' });
    expect([bare.status, bare.body.errors[0].pointer]).to.deep.equal([422, '/password']);
    const short = await shop.owner.put(path, { role: 'owner', password: 'elevenchars' });
    expect([short.status, short.body.errors[0].pointer]).to.deep.equal([422, '/password']);
    const risen = await shop.owner.put(path, { role: 'owner', password: 'twelve chars' });
    expect([risen.status, risen.body.role]).to.deep.equal([200, 'owner']);
  });

  it('is the same on every keyboard: क़ is one character here and two there', async () => {
    const typed = (ka: string) => `${ka}लम और दवात`;
    const [one, two] = [typed('\u0958'), typed('\u0915\u093c')];
    expect(one).to.not.equal(two);
    for (const [set, given] of [
      [one, two],
      [two, one],
    ] as const) {
      expect(await verifyPassword(given, await hashPassword(set), 'known')).to.equal(true);
    }
    expect(await verifyPassword(typed('\u0915'), await hashPassword(one), 'known')).to.equal(false);
  });

  describe('at a lower cost than today', () => {
    const weaker = { memory: 19_456, passes: 1, parallelism: 1 };

    /** As an older version of the program left it. */
    function oldHash(password: string): string {
      const nonce = randomBytes(16);
      const tag = argon2Sync('argon2id', { message: password, nonce, tagLength: 32, ...weaker });
      const encode = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
      return `$argon2id$v=19$m=${weaker.memory},t=${weaker.passes},p=1$${encode(nonce)}$${encode(tag)}`;
    }

    async function hashOf(email: string): Promise<string> {
      const db = await test.database.connect();
      const { rows } = await db.query('SELECT password_hash FROM users WHERE email = $1', [email]);
      await db.end();
      return rows[0].password_hash;
    }

    async function setHash(email: string, hash: string): Promise<void> {
      const db = await test.database.connect();
      await db.query('UPDATE users SET password_hash = $2 WHERE email = $1', [email, hash]);
      await db.end();
    }

    it('is told by its parameters', async () => {
      expect(needsRehash(oldHash(PASSWORD))).to.equal(true);
      expect(needsRehash(await hashPassword(PASSWORD))).to.equal(false);
    });

    it('is hashed anew when somebody signs in with it, and with nothing else', async () => {
      const email = shop.emails.manager;
      const old = oldHash(PASSWORD);
      await setHash(email, old);
      const { version } = (await signIn(test, email).then((me) => me.get('/api/auth/profile'))).body.user;
      await until(async () => (await hashOf(email)) !== old);
      expect(await hashOf(email)).to.match(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
      const again = await signIn(test, email);
      expect((await again.get('/api/auth/profile')).body.user.version).to.equal(version);

      await setHash(email, old);
      const wrong = await clientOf(test.url).post('/api/auth/login', { email, password: 'something else' });
      expect(wrong.status).to.equal(401);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await hashOf(email)).to.equal(old);
    });

    describe('and hashed anew while it is looked at', () => {
      const newer = 'lamps over seven waters';
      /** Holds the row as the password is looked at, and lets go once the request waits for it. */
      async function meanwhile(
        change: string,
        hash: string,
        request: () => Promise<Answer>,
      ): Promise<Answer> {
        const email = shop.emails.manager;
        const [changer, watcher] = [await test.database.connect(), await test.database.connect()];
        await changer.query('UPDATE users SET password_hash = $2 WHERE email = $1', [
          email,
          oldHash(PASSWORD),
        ]);
        await changer.query('BEGIN');
        await changer.query(`UPDATE users SET ${change}, password_hash = $2 WHERE email = $1`, [email, hash]);
        const answer = request();
        const isWaiting =
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'";
        await until(async () => (await watcher.query(isWaiting)).rows.length > 0, 10_000);
        await changer.query('COMMIT');
        const answered = await answer;
        await changer.query('UPDATE users SET disabled_at = NULL WHERE email = $1', [email]);
        await Promise.all([changer.end(), watcher.end()]);
        return answered;
      }
      const login = (password: string) => () =>
        clientOf(test.url).post('/api/auth/login', { email: shop.emails.manager, password });

      it('still signs in', async () => {
        const { status } = await meanwhile('name = name', await hashPassword(PASSWORD), login(PASSWORD));
        expect(status).to.equal(200);
      });

      it('still changes the profile', async () => {
        const change = { pin: '90417', currentPassword: PASSWORD };
        const put = () => shop.manager.put('/api/auth/profile', change);
        const { status, body } = await meanwhile('name = name', await hashPassword(PASSWORD), put);
        expect([status, body.hasPin]).to.deep.equal([200, true]);
      });

      it('gets nobody in who was disabled, or whose password really changed', async () => {
        const disabled = await meanwhile(
          'disabled_at = now()',
          await hashPassword(PASSWORD),
          login(PASSWORD),
        );
        const changed = await meanwhile('name = name', await hashPassword(newer), login(PASSWORD));
        const put = () => shop.manager.put('/api/auth/profile', { pin: '90417', currentPassword: PASSWORD });
        const profile = await meanwhile('name = name', await hashPassword(newer), put);
        for (const answer of [disabled, changed, profile]) {
          expect([answer.status, answer.body.type]).to.deep.equal([
            401,
            'urn:smoocho:problem:wrong_credentials',
          ]);
        }
        expect(profile.body.errors[0].pointer).to.equal('/currentPassword');
        await setHash(shop.emails.manager, await hashPassword(PASSWORD));
      });

      it('signs many in at once', async () => {
        await setHash(shop.emails.manager, oldHash(PASSWORD));
        const answers = await Promise.all(Array.from({ length: 8 }, login(PASSWORD)));
        expect(answers.map(({ status }) => status)).to.deep.equal(Array(8).fill(200));
      });
    });

    it('stays changed when it was changed while the old one was hashed anew', async () => {
      const email = shop.emails.manager;
      const newer = await hashPassword('lamps over seven waters');
      const old = oldHash(PASSWORD);
      await setHash(email, old);
      // It stands in line behind these, while the password changes.
      const others = Array.from({ length: 12 }, () => hashPassword(PASSWORD));
      const context = systemContext(test.app, 'test');
      renewHash(context, { id: await idOf('manager'), passwordHash: old }, PASSWORD);
      await setHash(email, newer);
      await Promise.all([...others, hashPassword(PASSWORD)]);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await hashOf(email)).to.equal(newer);
      await signIn(test, email, 'lamps over seven waters');
    });
  });
});
