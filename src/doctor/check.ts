import { asTyped, shellWord } from '../as-typed.ts';
import type { CheckResult, CheckState } from '../contract/command-answers/doctor.ts';
import type { FactName, Facts, KnownFacts } from './facts.ts';

/** What a check found. `fix` says what to do about it; a command in it stands between backticks, to be copied whole. */
export type Finding = { state: CheckState; detail: string; fix: string | null };

export const ok = (detail: string): Finding => ({ state: 'ok', detail, fix: null });
export const warning = (detail: string, fix: string): Finding => ({ state: 'warning', detail, fix });
export const problem = (detail: string, fix: string): Finding => ({ state: 'problem', detail, fix });
/** For what is not there to be looked at, such as Redis where none is configured. */
export const skipped = (detail: string): Finding => ({ state: 'skipped', detail, fix: null });

type CheckOf<Name extends FactName> = {
  id: string;
  /** The fact that it judges; without that it is skipped. */
  of: Name;
  /** For the page of checks: what it looks at. */
  looksAt: string;
  /** Why it matters when it is not so, as a sentence. Printed behind each warning and problem. */
  why: string;
  judge(fact: Facts[Name], now: Date): Finding;
};

export type Check = Omit<CheckOf<FactName>, 'judge'> & {
  /** Skipped where its fact was not read. */
  examine(facts: Partial<KnownFacts>, now: Date): CheckResult;
};

/** Makes a check. A pure judgement of one fact: what is read from disks, databases and networks is in `probes/`. */
export function check<Name extends FactName>({ judge, ...about }: CheckOf<Name>): Check {
  const { id, of, why } = about;
  const find = (facts: Partial<KnownFacts>, now: Date): Finding => {
    const fact = facts[of];
    if (fact === undefined) return skipped('It was not read.');
    if ('missing' in fact) return skipped(fact.missing);
    try {
      return judge(fact.is as Facts[Name], now);
    } catch (error) {
      // A fault of one check must not keep the others back.
      return skipped(`This check failed itself (${(error as Error).message}).`);
    }
  };
  return {
    ...about,
    examine(facts, now) {
      const { state, detail, fix } = find(facts, now);
      const isWrong = state === 'warning' || state === 'problem';
      return { id, state, detail: isWrong ? `${asSentence(detail)} ${why}` : detail, ...readFix(fix) };
    },
  };
}

/** Stands for a backtick of a path while a fix is read: of private use. */
const HELD = '\uE001';
const release = (text: string) => text.replaceAll(HELD, '`');

/** A path within a command of a fix. */
export const pathWord = (path: string): string => shellWord(path).replaceAll('`', HELD);

function readFix(fix: string | null): Pick<CheckResult, 'fix' | 'commands'> {
  const commands = [...(fix ?? '').matchAll(/`([^`]+)`/g)].map(([, command]) =>
    asTyped(release(command as string)),
  );
  return { fix: fix === null ? null : asTyped(release(fix.replaceAll('`', ''))), commands };
}

/** Messages of errors may end with a command, which has no full stop. */
export const asSentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

const READS_BY = new Intl.ListFormat('en', { type: 'conjunction' });
export const listOf = (names: readonly string[]): string => READS_BY.format(names);
