import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** A value that nobody may see, by the name that a failure tells. */
type Canary = { name: string; value: string };

/** What leads to the rest, if somebody who looks for it sees it. */
const HEAD = 12;

/** Text that is found nowhere by chance, with a sign in it that has to be encoded in a URL. */
export const newCanary = (name: string) => `${name}/${randomBytes(18).toString('hex')}`;

export type Canaries = {
  /** From now on nothing may show it. */
  hide(name: string, value: string): void;
  /** Looks for all of them in what somebody can read. `shownHere` names those that are shown there on purpose. */
  look(where: string, text: string, shownHere?: string[]): void;
  /** What every process of this machine lets others see of its command line. */
  lookAtProcesses(): void;
  /** Where they were seen, a line each. */
  seen: string[];
  /** How many texts were looked at, and how many characters. */
  looked: { texts: number; characters: number };
};

export function openCanaries(): Canaries {
  const hidden: Canary[] = [];
  const canaries: Canaries = {
    seen: [],
    looked: { texts: 0, characters: 0 },
    hide: (name, value) => {
      if (!hidden.some((known) => known.value === value)) hidden.push({ name, value });
    },
    look(where, text, shownHere = []) {
      canaries.looked.texts += 1;
      canaries.looked.characters += text.length;
      for (const { name, value } of hidden) {
        if (shownHere.includes(name)) continue;
        const form = formsOf(value).find(({ pattern }) => pattern.test(text));
        if (form) canaries.seen.push(`${name} (${form.what}) in ${where}: ${around(text, form.pattern)}`);
      }
    },
    lookAtProcesses() {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const line = commandLineOf(pid);
        if (line !== '') canaries.look(`the command line of a process (${line.slice(0, 60)})`, line);
      }
    },
  };
  return canaries;
}

/** As it is, as it may be written elsewhere, and the beginning of it. */
function formsOf(value: string): { what: string; pattern: RegExp }[] {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  // A few digits stand in other numbers too: only a number of its own counts.
  if (/^\+?\d+$/.test(value)) {
    return [{ what: 'as it is', pattern: new RegExp(`(?<![\\w.])${literal(value)}(?!\\w|\\.\\d)`) }];
  }
  const bytes = Buffer.from(value);
  const forms: [what: string, text: string][] = [
    ['as it is', value],
    ['encoded for a URL', encodeURIComponent(value)],
    ['in base64', bytes.toString('base64').replace(/.{0,2}=*$/, '')],
    ['in base64 for a URL', bytes.toString('base64url').replace(/.{0,2}$/, '')],
    ['in hexadecimal', bytes.toString('hex')],
    ['its beginning', value.slice(0, HEAD)],
  ];
  return forms
    .filter(([, text]) => text.length >= HEAD)
    .map(([what, text]) => ({ what, pattern: new RegExp(literal(text)) }));
}

function around(text: string, pattern: RegExp): string {
  const at = pattern.exec(text)?.index ?? 0;
  return text.slice(Math.max(0, at - 120), at + 60).replaceAll('\n', ' ');
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it ended meanwhile
  }
}
