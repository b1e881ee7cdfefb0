import { expect } from 'chai';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { signIn } from '../../src/core/auth/sign-in.ts';
import { initOptions, PASSWORD, passwordFile } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

const NEW_PASSWORD = 'seven lamps over water';

describe('smoocho user', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let home: string;
  let database: TestDatabase;
  let env: Record<string, string>;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    env = { SMOOCHO_HOME: home, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    await smoocho(['init', ...initOptions(home)], env);
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const run = (command: string, ...args: string[]) => smoocho(['user', command, ...args], env);
  const withPassword = (password: string) => `--password-file=${passwordFile(home, password)}`;
  const of = (name: string) => `--email=${name}@example.com`;

  const create = (name: string, role: string, password = PASSWORD) =>
    run('create', '--shop=KULF', of(name), `--name=${name}`, `--role=${role}`, withPassword(password));

  /** Signs somebody in as often as there are devices; null where it is refused. */
  async function signInOn(name: string, password: string, ...devices: string[]) {
    const app = await createApp(loadConfig({ home }, env));
    try {
      for (const device of devices) {
        const login = { email: `${name}@example.com`, password, device: { id: device, name: device } };
        await signIn({ app, em: app.orm.em.fork() }, login, '10.0.0.7');
      }
      return true;
    } catch {
      return null;
    } finally {
      await app.close();
    }
  }

  async function recorded(type: string): Promise<{ by: string; details: Record<string, unknown> }[]> {
    const db = await database.connect();
    const sql = `SELECT actor->>'kind' || ' ' || (actor->>'name') AS by, details FROM security_log WHERE type = $1 ORDER BY at`;
    const { rows } = await db.query(sql, [type]);
    await db.end();
    return rows;
  }

  it('lists where somebody is signed in, and signs them out of one session or of all', async () => {
    await create('asha-s', 'cashier');
    const none = await run('sessions', of('asha-s'));
    expect([none.code, none.stdout]).to.deep.equal([0, 'asha-s is signed in nowhere.\n']);
    await signInOn('asha-s', PASSWORD, 'Counter', 'Terrace', 'Bar');
    const listed = (await run('sessions', of('asha-s'), '--json')).json();
    expect(listed.map(({ deviceName }: { deviceName: string }) => deviceName)).to.deep.equal([
      'Bar',
      'Terrace',
      'Counter',
    ]);
    const rows = (await run('sessions', of('asha-s'))).stdout.replace(/ +/g, ' ').split('\n');
    expect(rows[0]).to.equal('device address signed in last seen ends id');
    const clock = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d';
    expect(rows[1]).to.match(new RegExp(`^Bar 10\\.0\\.0\\.7 ${clock} ${clock} ${clock} ${listed[0].id}$`));

    const one = await run('revoke', of('asha-s'), `--session=${listed[1].id}`);
    expect([one.code, one.stdout]).to.deep.equal([0, 'asha-s: 1 session ended.\n']);
    const again = await run('revoke', of('asha-s'), `--session=${listed[1].id}`);
    expect([again.code, again.stderr]).to.deep.equal([1, 'asha-s has no such session.\n']);
    expect((await run('revoke', of('asha-s'), '--session=bar')).code).to.equal(2);
    const all = await run('revoke', of('asha-s'), '--json');
    expect(all.json()).to.include({ endedSessions: 2 });
    expect((await run('sessions', of('asha-s'), '--json')).json()).to.deep.equal([]);
    const last = (await recorded('session_ended')).at(-1);
    expect([last?.by, last?.details.sessions]).to.deep.equal(['system cli', 2]);
  });

  it('gives a new password, which signs them out everywhere', async () => {
    await create('ravi', 'cashier');
    await signInOn('ravi', PASSWORD, 'Counter', 'Bar');
    const common = await run('reset-password', of('ravi'), withPassword('Password1'));
    expect(common.code).to.equal(2);
    expect(common.stderr).to.match(/^The password is one that many people use, .*\.\n$/);
    const nothing = await run('reset-password', of('ravi'));
    expect([nothing.code, nothing.stderr]).to.deep.equal([
      2,
      'No password was given. Use --password-file FILE or --password-stdin.\n',
    ]);
    const piped = await smoocho(
      ['user', 'reset-password', of('ravi'), '--password-stdin'],
      env,
      NEW_PASSWORD,
    );
    expect([piped.code, piped.stdout]).to.deep.equal([0, 'ravi has a new password. 2 sessions ended.\n']);
    expect(await signInOn('ravi', PASSWORD, 'Counter')).to.equal(null);
    expect(await signInOn('ravi', NEW_PASSWORD, 'Counter')).to.equal(true);
    expect((await recorded('password_changed')).at(-1)?.by).to.equal('system cli');
    expect(piped.stdout + piped.stderr + common.stderr).to.not.include(NEW_PASSWORD);
  });

  it('says that a new password took the PIN away', async () => {
    const givePin = async () => {
      const db = await database.connect();
      await db.query("UPDATE users SET pin_hash = 'a hash' WHERE email = 'tara@example.com'");
      await db.end();
    };
    await create('tara', 'cashier');
    await givePin();
    const reset = await run('reset-password', of('tara'), withPassword(NEW_PASSWORD));
    expect(reset.stdout).to.equal(
      'tara has a new password. No session was open. The PIN is gone with the old password.\n',
    );
    await givePin();
    const owner = await run('set-role', of('tara'), '--role=owner', withPassword(PASSWORD));
    expect(owner.stdout).to.equal('tara is owner now. The PIN is gone with the old password.\n');
    expect(
      (await run('list', '--shop=KULF', '--json'))
        .json()
        .find(({ name }: { name: string }) => name === 'tara'),
    ).to.include({ hasPin: false });
  });

  it('disables somebody, says how many sessions ended, and enables them again', async () => {
    await create('meera', 'manager');
    await signInOn('meera', PASSWORD, 'Counter');
    const gone = await run('disable', of('meera'));
    expect(gone.stdout).to.equal("meera can't sign in any more. 1 session ended.\n");
    expect(await signInOn('meera', PASSWORD, 'Counter')).to.equal(null);
    const again = (await run('disable', of('meera'), '--json')).json();
    expect(again.endedSessions).to.equal(0);
    expect(again.disabledAt).to.be.a('string');
    const list = (await run('list', '--shop=KULF')).stdout.replace(/ +/g, ' ');
    expect(list).to.match(/^name e-mail role disabled\n/);
    expect(list).to.match(/\nmeera meera@example\.com manager \d{4}-\d\d-\d\d \d\d:\d\d\n/);
    const back = await run('enable', of('meera'));
    expect(back.stdout).to.equal('meera can sign in again as manager.\n');
    expect(await signInOn('meera', PASSWORD, 'Counter')).to.equal(true);
  });

  it('gives another role; an owner gets a longer password with it', async () => {
    await create('kiran', 'cashier', 'elevenchars');
    const manager = await run('set-role', of('kiran'), '--role=manager');
    expect([manager.code, manager.stdout]).to.deep.equal([0, 'kiran is manager now.\n']);
    expect((await run('set-role', of('kiran'), '--role=owner')).code).to.equal(2);
    const short = await run('set-role', of('kiran'), '--role=owner', withPassword('elevenchars'));
    expect([short.code, short.stderr]).to.deep.equal([
      2,
      "The password is shorter than 12 characters, an owner's least.\n",
    ]);
    const owner = await run('set-role', of('kiran'), '--role=owner', withPassword(NEW_PASSWORD), '--json');
    expect(owner.json()).to.include({ role: 'owner', email: 'kiran@example.com' });
    expect((await run('set-role', of('kiran'), '--role=boss')).code).to.equal(2);
    expect((await run('set-role', of('nobody'), '--role=cashier')).stderr).to.equal(
      'There is nobody with the e-mail nobody@example.com.\n',
    );
  });

  it("leaves the shop's owner an owner", async () => {
    for (const args of [['disable'], ['set-role', '--role=cashier']]) {
      const [command = '', ...options] = args;
      const { code, stderr } = await run(command, of('asha'), ...options);
      expect([code, stderr]).to.deep.equal([1, 'Asha owns a shop, and a shop keeps its owner.\n']);
    }
    const reset = await run('reset-password', of('asha'), withPassword(NEW_PASSWORD));
    expect([reset.code, reset.stdout]).to.deep.equal([0, 'Asha has a new password. No session was open.\n']);
  });

  it('refuses a common password for somebody new', async () => {
    const { code, stderr } = await create('sita', 'cashier', 'iloveyou1');
    expect([code, stderr.startsWith('The password is one that many people use')]).to.deep.equal([2, true]);
  });
});
