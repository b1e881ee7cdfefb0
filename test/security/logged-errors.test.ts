import { expect } from 'chai';
import { createLog } from '../../src/app.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { loadConfig } from '../../src/config.ts';
import { ProblemError } from '../../src/contract/problem.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const SECRET = /argon2|boom@|BOOM|Failing row|detail/;

describe('a row that the database refused', () => {
  const lines: string[] = [];
  const home = tempFolder();
  const log = createLog(loadConfig({ home }, { LOG_LEVEL: 'trace' }), {
    write: (line) => {
      lines.push(line);
    },
  });
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp({ seals: false, log });
    shop = await givenShop(test, 'LOGS');
    const db = await test.database.connect();
    await db.query("ALTER TABLE users ADD CONSTRAINT no_boom CHECK (name NOT LIKE 'BOOM%')");
  });
  after(async () => {
    await test.close();
    removeFolder(home);
  });

  it('is not in the log; what refused it is', async () => {
    const boom = { email: 'boom@example.com', role: 'cashier', password: 'a long enough one 77' };
    for (const name of ['BOOM', 'BOOM\n    at BOOM\n - detail: BOOM']) {
      lines.length = 0;
      const { status, text } = await shop.owner.post(`${shop.path}/users`, { ...boom, name });
      expect([status, SECRET.test(text)]).to.deep.equal([500, text.includes('"detail":"The request id')]);
      const logged = lines.join('');
      expect(logged).to.not.match(SECRET);
      const { err } = JSON.parse(lines.find((line) => line.includes('unknown fault')) as string);
      expect(err).to.include({
        type: 'CheckConstraintViolationException',
        message: 'new row for relation "users" violates check constraint "no_boom"',
        code: '23514',
        constraint: 'no_boom',
        table: 'users',
      });
      expect(err.stack).to.match(/^\w+: new row.*\n +at .*/);
    }
  });

  it('is not there either when it is the cause of something, or one of several', () => {
    const refused = Object.assign(new Error('no\n - detail: Failing row contains (BOOM).'), {
      severity: 'ERROR',
      detail: 'Failing row contains (BOOM).',
      where: 'COPY users, line 1: "BOOM"',
      internalQuery: 'SELECT BOOM',
      query: 'SELECT BOOM',
      parameters: ['BOOM'],
    });
    const round = new Error('round');
    round.cause = new AggregateError([refused, round], 'several', { cause: refused });
    for (const error of [new Error('outer', { cause: refused }), round]) {
      lines.length = 0;
      log.error({ err: error }, 'fault');
      log.child({ part: 'x' }).error(error);
      expect(lines).to.have.length(2);
      expect(lines.join('')).to.match(/"message":"no"/);
      expect(lines.join('')).to.not.match(SECRET);
    }
    expect(failureOf(refused).message).to.equal('no');
    lines.length = 0;
    const problem = new ProblemError('not_found', { detail: 'There is no such thing.' });
    log.error({ err: problem }, 'fault');
    expect(JSON.parse(lines[0] as string).err.message)
      .to.equal(problem.message)
      .and.to.not.equal('');
  });
});
