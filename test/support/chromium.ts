import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openTab, type Tab } from './chromium-tab.ts';

const run = promisify(execFile);

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];
const isThere = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined;

/** For a suite that needs Chromium and a store of roots for it: skips it, and says why, where one is missing. */
export function requireChromium(test: Mocha.Context): string {
  const program = PROGRAMS.find((name) => isThere(name, '--version'));
  const missing =
    program === undefined ? 'chromium' : isThere('certutil', '-H') ? undefined : 'certutil (libnss3-tools)';
  if (program !== undefined && missing === undefined) return program;
  console.log(`    skipped: ${missing} is not installed`);
  return test.skip();
}

export type Chromium = {
  /** Imports a root, as the page /ca says for Linux. */
  trust(pem: string): void;
  /** Opens an address and leaves the browser to the test. */
  open(url: string): ChildProcess;
  /** Opens an address in a tab that the test drives. */
  drive(url: string): Promise<Tab>;
  /** What it shows at an address in the end, as HTML, or what kept it from loading, such as `net::ERR_CERT_INVALID`. */
  show(url: string): Promise<string>;
  close(): Promise<void>;
};

/** Chromium without a window, with a home of its own under `folder`; the names of `hosts` lead to this machine. */
export function openChromium(program: string, folder: string, hosts: string[]): Chromium {
  const home = join(folder, 'browser');
  const database = join(home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  const certutil = (...args: string[]) => execFileSync('certutil', ['-d', `sql:${database}`, ...args]);
  certutil('-N', '--empty-password');
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(', ');
  const options = [
    '--headless',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    `--user-data-dir=${join(home, 'profile')}`,
    `--host-resolver-rules=${rules}`,
    // Chromium's sandbox won't run as root, as in a container.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
  const env = { ...process.env, HOME: home };
  const children: ChildProcess[] = [];
  return {
    trust(pem) {
      writeFileSync(join(home, 'ca.pem'), pem);
      certutil('-A', '-t', 'C,,', '-n', 'shop', '-i', join(home, 'ca.pem'));
    },
    open(url) {
      const child = spawn(program, [...options, url], { env, stdio: 'ignore' });
      children.push(child);
      return child;
    },
    async drive(url) {
      const args = [...options, '--remote-debugging-port=0', url];
      const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
      children.push(child);
      return await openTab(child);
    },
    async show(url) {
      const args = [...options, '--enable-logging=stderr', '--dump-dom', url];
      const { stdout, stderr } = await run(program, args, { env, timeout: 30_000, killSignal: 'SIGKILL' });
      return /Page load failed: (net::\w+)/.exec(stderr)?.[1] ?? stdout;
    },
    async close() {
      for (const child of children.splice(0)) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
    },
  };
}
