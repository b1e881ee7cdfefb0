import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative } from 'node:path';
import { commandLine } from '../../config.ts';
import { packageFile } from '../../package-file.ts';

/** What decides how the command is typed. */
type Place = {
  /** SMOOCHO_COMMAND, such as `docker compose exec smoocho smoocho`, which nothing here could know. */
  command: string | undefined;
  /** Whether npx runs it, which puts it on the PATH of this process alone. */
  isNpx: boolean;
  /** PATH. */
  path: string;
  /** The launcher, `bin/smoocho.js` of this package. */
  launcher: string;
  cwd: string;
};

/** How the command is typed here: `smoocho` where it is on the PATH, else the launcher as it is reached from this folder. */
export function typedName({ command, isNpx, path, launcher, cwd }: Place): string {
  if (command) return command;
  if (isNpx) return 'npx smoocho';
  // npm puts a script of its own there.
  if (process.platform === 'win32') return 'smoocho';
  const own = realPathOf(launcher);
  const isOnPath = path
    .split(delimiter)
    .some((folder) => folder && realPathOf(join(folder, 'smoocho')) === own);
  if (own !== undefined && isOnPath) return 'smoocho';
  const near = relative(cwd, launcher);
  const typed = near.startsWith('..') || isAbsolute(near) ? launcher : `./${near}`;
  return /^[\w./@+-]+$/.test(typed) ? typed : `'${typed.replaceAll("'", "'\\''")}'`;
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** `smoocho` in front of a command, or of what the help writes in its place. */
let named: RegExp | undefined;

/** Says which commands there are, by their names such as `shop list`. Without it texts stay as they are. */
export function nameCommands(names: readonly string[]): void {
  const words = [...new Set(names.map((name) => name.split(' ')[0]))].join('|');
  named = new RegExp(`(?<![\\w./-])smoocho(?= (?:(?:${words})(?![\\w-])|\\[))`, 'g');
}

let here: string | undefined;

/** A text for people, in which every command is written as it can be typed here. */
export function asTyped(text: string): string {
  if (!named || !text.includes('smoocho ')) return text;
  here ??= typedName({ ...commandLine(), launcher: packageFile('bin/smoocho.js'), cwd: cwdOf() });
  const typed = here;
  return typed === 'smoocho' ? text : text.replace(named, () => typed);
}

/** The folder may be gone. */
function cwdOf(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}
