import { realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, relative } from 'node:path';
import { commandLine } from './config.ts';
import { packageFile } from './package-file.ts';

/** The process properties from which the spelling of the command is derived. */
type Caller = {
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
export function typedName({ command, isNpx, path, launcher, cwd }: Caller): string {
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
  return shellWord(typed);
}

/** A text as one word of a command, in quotes where a shell would read something else. */
export const shellWord = (text: string): string =>
  /^[\w./@+:=,%-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** `smoocho` in front of a command, or of what the help writes in its place. */
let named: RegExp | undefined;

/**
 * Says which commands there are, by their names such as `shop list`, and how the command is typed where that is known already.
 * Without names texts stay as they are.
 */
export function nameCommands(names: readonly string[], typed?: string): void {
  here = typed;
  const words = [...new Set(names.map((name) => name.split(' ')[0]))].join('|');
  const command = new RegExp(`(?<![\\w./-])smoocho(?= (?:(?:${words})(?![\\w-])|\\[))`, 'g');
  named = names.length === 0 ? undefined : command;
}

let here: string | undefined;
let homeWords = '';

/** Says that a command was given a home that another one would not take by itself: commands in texts name it, too. Undefined for none. */
export function nameHome(home: string | undefined): void {
  homeWords = home === undefined ? '' : ` --home ${shellWord(home)}`;
}

function typedHere(): string {
  here ??= typedName({ ...commandLine(), launcher: packageFile('bin/smoocho.js'), cwd: cwdOf() });
  return here;
}

/** A text for people, in which every command is written as it can be typed here; one that is written so already stays. */
export const asTyped = (text: string): string => written(text, homeWords);

function written(text: string, more = ''): string {
  if (!named || !text.includes('smoocho ')) return text;
  const typed = typedHere();
  return typed === 'smoocho' && more === '' ? text : inPlaceOf(named, typed, text, more);
}

/** Spells commands for readers of a page. Where the spelling has an absolute path, it stays `smoocho`: paths of this machine are private. */
export function asTypedForOthers(text: string): string {
  return ABSOLUTE.test(typedHere()) ? text : written(text);
}

/** A path of this machine, at the start of a word. */
const ABSOLUTE = /(?:^|[\s"'=:])[/~]|(?:^|[\s"'=])[A-Za-z]:\\/;

/** A text for another machine, which may be a checkout as this one is. */
export function asTypedElsewhere(text: string): string {
  return typedHere().startsWith('./') ? written(text) : text;
}

const COMPOSE = /^((?:docker|podman)[ -]compose) exec (\S+) smoocho$/;
const START = /(?<![\w./-])smoocho start(?![\w-]| -)/g;

/**
 * Writes how the command is typed in the place of its name, and `home` behind it unless the command names one itself. Within a
 * container of Compose the server is the container's own command: starting it is starting that.
 */
export function inPlaceOf(name: RegExp, typed: string, text: string, home = ''): string {
  const [, compose, service] = COMPOSE.exec(typed) ?? [];
  const started = compose && home === '' ? text.replace(START, () => `${compose} start ${service}`) : text;
  return started.replace(name, (match: string, at: number) => {
    const [before, after] = [started.slice(0, at), started.slice(at + match.length)];
    const [command = ''] = after.split(/[.;:]\s|\n/, 1);
    const isTyped = `${before}${match}`.endsWith(typed);
    return `${isTyped ? match : typed}${command.includes(' --home ') ? '' : home}`;
  });
}

/** The folder may be gone. */
function cwdOf(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}
