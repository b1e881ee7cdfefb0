import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Canaries, newCanary, openCanaries } from './canaries.ts';
import { type Ran, type Server, startCli } from './cli.ts';
import { removeFolder, tempFolder } from './temp.ts';
import { openCommands } from './warm-commands.ts';

export const READY = /Stop it with Ctrl-C/;
export const TRACE = { LOG_LEVEL: 'trace' };
export const OWNER = 'asha@example.com';

/** Digits of which a test would not be sure if they stood in a number by chance. */
export const newPin = () => String(randomInt(10_000_000, 99_999_999));
export const newPhone = () => `+9198${randomInt(10_000_000, 99_999_999)}`;

export const init = [
  ...['init', '--yes', '--shop-name=Kulfi Corner', '--shop-code=KULF', '--currency=INR'],
  ...['--timezone=Asia/Kolkata', '--owner-name=Asha', `--owner-email=${OWNER}`, '--password-stdin'],
];

/** A shop of its own whose server runs and says all that it can, and the secrets that went into it. */
export type Secretive = {
  home: string;
  url: string;
  server: Server;
  canaries: Canaries;
  secrets: { ownerPassword: string; managerPassword: string; newPassword: string; wrongPassword: string };
  /** Runs a command at its most talkative, and looks at all that it prints. */
  run(args: string[], options?: { input?: string; env?: object }): Promise<Ran>;
  /** What the files of the home's secrets hold is hidden from then on. */
  hideFiles(): void;
  /** A home for something else, that goes with this one. */
  otherHome(): string;
  close(): Promise<void>;
};

export async function givenSecretive(): Promise<Secretive> {
  const home = tempFolder();
  const homes = [home];
  const canaries = openCanaries();
  const commands = openCommands();
  const secrets = {
    ownerPassword: newCanary('owner'),
    managerPassword: newCanary('manager'),
    newPassword: newCanary('newer'),
    wrongPassword: newCanary('wrong'),
  };
  for (const [name, value] of Object.entries(secrets)) canaries.hide(name, value);

  const run: Secretive['run'] = async (args, { input = '', env = {} } = {}) => {
    const ran = await commands.run(args, { SMOOCHO_HOME: home, ...TRACE, ...env }, input);
    canaries.look(`smoocho ${args.join(' ').slice(0, 80)}`, `${ran.stdout}${ran.stderr}`);
    return ran;
  };
  const hideFiles = () => {
    for (const name of readdirSync(join(home, 'secrets'))) {
      canaries.hide(`the file ${name}`, readFileSync(join(home, 'secrets', name), 'utf8').trim());
    }
  };

  const made = await run(init, { input: `${secrets.ownerPassword}\n` });
  if (made.code !== 0) throw new Error(`The shop could not be set up: ${made.stderr}`);
  hideFiles();
  // It keeps the database running, so that commands need not start it each.
  const server = await startCli(['--port=0', '--host=127.0.0.1'], { SMOOCHO_HOME: home, ...TRACE }, READY);
  return {
    home,
    url: urlOf(server),
    server,
    canaries,
    secrets,
    run,
    hideFiles,
    otherHome() {
      const folder = tempFolder();
      homes.push(folder);
      return folder;
    },
    async close() {
      await commands.close();
      await server.stop();
      const { texts, characters } = canaries.looked;
      console.log(`looked at ${texts} texts of ${characters} characters`);
      homes.forEach(removeFolder);
    },
  };
}

/** Where a server is, as its greeting says. */
export const urlOf = (server: Server) => /http:\/\/\S+:\d+/.exec(server.output())?.[0] as string;
