import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemUser } from '../../app.ts';
import { packageFile } from '../../package-file.ts';
import { readUnit, requireSystemd, START_TIMEOUT_MS, systemctl, UNIT, UNIT_FILE } from '../../systemd.ts';
import type { Command } from '../command.ts';
import { RefusedError } from '../exit-codes.ts';
import { LAST_LINES, readLog } from '../service/journal.ts';
import { findHidden, type ServicePlace, unitFor } from '../service/unit.ts';

const SETTINGS_FILE = '/etc/smoocho/smoocho.env';

export const serviceInstall: Command = {
  name: 'service install',
  summary:
    'Let systemd run the server, from now on and whenever the machine starts; again, it only mends what differs',
  options: [{ flags: '--dry-run', description: 'show the unit, and change nothing' }],
  example: 'sudo smoocho service install',
  async run(shell, options) {
    const isTrial = options.dryRun === true;
    if (!isTrial) requireSystemd(true);
    const place = await placeOf(shell.config.home, isTrial);
    const unit = unitFor(readFileSync(packageFile('deploy/systemd/smoocho.service'), 'utf8'), place);
    if (isTrial) {
      shell.show(unit);
      shell.give({ unitFile: UNIT_FILE, unit, isChanged: isOther(unit), isRunning: false });
      return undefined;
    }
    requireHome(place.home);
    requireRunnable(place);
    const isChanged = isOther(unit);
    if (isChanged) writeUnit(unit, shell.tell);
    giveHome(place);
    giveSettings();
    await systemctl(['daemon-reload']);
    await systemctl(['enable', '--quiet', UNIT]);
    shell.tell(
      'Starting the service. If its database has to be brought up to date, that takes as long as a backup.',
    );
    await start(isChanged, shell.tell);
    const { StatusText } = await readUnit();
    shell.say(
      `The service runs (${StatusText || 'active'}), and starts with the machine. Its data is in ${place.home}.`,
      'What it says: smoocho service logs. Settings for it alone: /etc/smoocho/smoocho.env',
    );
    shell.give({ unitFile: UNIT_FILE, unit, isChanged, isRunning: true });
    return undefined;
  },
};

/** Where the program and its data are, and whose they are going to be. Throws RefusedError for a place that the service can't see. */
async function placeOf(home: string, isTrial: boolean): Promise<ServicePlace> {
  const [, script = ''] = process.argv;
  const program = [process.execPath, realpathSync(script)];
  const hidden = findHidden([...program, home]);
  if (hidden) {
    throw new RefusedError(
      `A service can't see ${hidden}: homes and temporary folders are hidden from it. Data belongs into /var/lib/smoocho (--home), the program into /opt, or is installed by npm install --global as root.`,
    );
  }
  const keeper = existsSync(home) ? statSync(home).uid : 0;
  const user = keeper === 0 ? (isTrial ? 'smoocho' : (await systemUser()).name) : nameOf(keeper, '-un');
  return { program, home, user, group: isTrial && keeper === 0 ? user : nameOf(user, '-gn') };
}

const nameOf = (who: string | number, what: '-un' | '-gn') =>
  execFileSync('id', [what, String(who)], { encoding: 'utf8' }).trim();

const isOther = (unit: string) => !existsSync(UNIT_FILE) || readFileSync(UNIT_FILE, 'utf8') !== unit;

/** A checkout by root may be closed to others. */
function requireRunnable({ program: [node = '', script = ''], user }: ServicePlace): void {
  const [uid, gid] = ['-u', '-g'].map((what) =>
    Number(execFileSync('id', [what, user], { encoding: 'utf8' })),
  );
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
  const tried = spawnSync(node, [script, '--version'], {
    uid,
    gid,
    cwd: '/',
    env,
    timeout: 60_000,
    encoding: 'utf8',
  });
  if (tried.status === 0) return;
  const reason = tried.error?.message ?? tried.stderr.trim().split('\n').at(-1);
  throw new RefusedError(
    `The user ${user} can't run ${script} (${reason}). Let everybody read it: chmod -R a+rX ${dirname(dirname(script))}`,
  );
}

/** Keeps a unit that somebody changed. */
function writeUnit(unit: string, tell: (text: string) => void): void {
  if (existsSync(UNIT_FILE)) {
    copyFileSync(UNIT_FILE, `${UNIT_FILE}.before`);
    tell(`The unit that was there is kept in ${UNIT_FILE}.before.`);
  }
  writeFileSync(`${UNIT_FILE}.new`, unit, { mode: 0o644 });
  renameSync(`${UNIT_FILE}.new`, UNIT_FILE);
}

/** What a home has, and other folders have not. */
const SIGNS_OF_HOME = ['config.json', 'secrets', 'postgres'];

/** Throws RefusedError for a folder with other things in it: all of it would be given away. */
export function requireHome(home: string): void {
  const names = existsSync(home) ? readdirSync(home) : [];
  if (names.length === 0 || names.some((name) => SIGNS_OF_HOME.includes(name))) return;
  throw new RefusedError(
    `${home} has other things in it, and would become the service's with all of them. Name a new folder with --home, such as /var/lib/smoocho.`,
  );
}

/** The home of a set-up by root is root's; what lies in it is given to the service's user, links as they are. */
function giveHome({ home, user, group }: ServicePlace): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (statSync(home).uid === 0) execFileSync('chown', ['-hR', `${user}:${group}`, home]);
}

function giveSettings(): void {
  if (existsSync(SETTINGS_FILE)) return;
  mkdirSync(dirname(SETTINGS_FILE), { recursive: true, mode: 0o755 });
  writeFileSync(SETTINGS_FILE, readFileSync(packageFile('deploy/systemd/smoocho.env')), { mode: 0o600 });
}

/** Waits until the server answers requests. Throws with its last words when it doesn't come up. */
async function start(isChanged: boolean, tell: (text: string) => void): Promise<void> {
  try {
    await systemctl([isChanged ? 'restart' : 'start', UNIT], START_TIMEOUT_MS);
  } catch {
    for (const line of await readLog(LAST_LINES)) tell(line);
    throw new Error(
      'The service does not come up; above is what it said last. It tries again by itself unless that can not help.',
    );
  }
}
