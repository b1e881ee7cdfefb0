import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../exit-codes.ts';

const run = promisify(execFile);

const ASK_TIMEOUT_MS = 60_000;
/** Some 300 packages on a slow line. */
const FETCH_TIMEOUT_MS = 20 * 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** What npm is to install: a version, the newest one, or a package file. Throws UsageError. */
export function specOf(target: string | undefined): string {
  if (target === undefined) return 'smoocho@latest';
  if (/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(target)) return `smoocho@${target}`;
  if (target.endsWith('.tgz') && existsSync(target)) return resolve(target);
  throw new UsageError(
    `"${target}" is neither a version, such as 1.2.0, nor a package file (.tgz) that is there. Leave it out for the newest version.`,
  );
}

/** Asks npm for the version of a spec. Throws with npm's reason. */
export async function findVersion(spec: string): Promise<string> {
  const stdout = await npm(['view', spec, 'version', '--json'], ASK_TIMEOUT_MS);
  const version: unknown = JSON.parse(stdout || 'null');
  if (typeof version === 'string') return version;
  throw new Error(
    `npm knows no ${spec}: it is not published there. Nothing was changed. If you were sent a package file, take that: smoocho upgrade FILE.tgz`,
  );
}

/** Installs a spec below `folder`, with its dependencies, and returns the folder of the package. Runs no scripts of packages. */
export async function stage(spec: string, folder: string): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await npm(['install', '--global', '--prefix', folder, ...options, spec], FETCH_TIMEOUT_MS);
  const root = [join(folder, 'lib', 'node_modules', 'smoocho'), join(folder, 'node_modules', 'smoocho')].find(
    existsSync,
  );
  if (root === undefined) throw new Error(`${spec} is not Smoocho.`);
  return root;
}

export const versionOf = (root: string): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

async function npm(args: string[], timeout: number): Promise<string> {
  try {
    const { stdout } = await run('npm', args, { timeout, maxBuffer: MAX_OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    const { code, killed, stderr, message } = error as NodeJS.ErrnoException & {
      killed?: boolean;
      stderr?: string;
    };
    if (code === 'ENOENT')
      throw new Error('npm is not there, which fetches new versions. Install npm 11 or newer.');
    if (killed) throw new Error(`npm took more than ${timeout / 60_000} minutes. Is the internet there?`);
    if (stderr?.includes('E404'))
      throw new Error(
        'npm knows no such version: it is not published there. Nothing was changed. If you were sent a package file, take that: smoocho upgrade FILE.tgz',
      );
    throw new Error(`npm failed: ${reasonOf(stderr) ?? message}`);
  }
}

/** npm's first line with a reason; the code alone says little. */
const reasonOf = (stderr = '') =>
  stderr
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .find((line) => line !== '' && !/^(code|errno|syscall)\b/.test(line));
