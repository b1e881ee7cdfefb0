import { isSentence, ProblemError } from '../contract/problem.ts';
import type { Command } from './command.ts';

/** Refused input of which some was given by options: `flags` has their names, by the pointers of the faults. */
export class OptionError extends ProblemError {
  readonly flags: ReadonlyMap<string, string>;

  constructor(cause: ProblemError, detail: string, flags: ReadonlyMap<string, string>) {
    super(cause.code, { detail, ...(cause.errors && { errors: cause.errors }) });
    this.flags = flags;
  }
}

/** Names what an option gave by the option: "--from is not a day" in the place of "The from is not a day". */
export function inOptionNames(error: unknown, command: Command, given: Record<string, unknown>): unknown {
  if (!(error instanceof ProblemError) || error.code !== 'invalid_request') return error;
  const { errors = [], detail = '' } = error;
  const flags = new Map<string, string>();
  for (const fault of errors) {
    const flag = flagOf(fault.pointer, command);
    if (
      flag &&
      !isSentence(fault.detail) &&
      (given[flag.name] !== undefined || fault.detail === 'is missing')
    )
      flags.set(fault.pointer, flag.flag);
  }
  const [first] = errors;
  const flag = first && flags.get(first.pointer);
  if (!flag) return flags.size === 0 ? error : new OptionError(error, detail, flags);
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new OptionError(error, `${flag} ${first.detail}${more}.`, flags);
}

/** `shopName` → `--shop-name`. */
export const flagNamed = (name: string) =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function flagOf(pointer: string, { options }: Command): { name: string; flag: string } | undefined {
  const name = pointer.replace(/^\/query/, '').slice(1);
  const flag = flagNamed(name);
  return options.some(({ flags }) => flags.split(/[ ,]+/).includes(flag)) ? { name, flag } : undefined;
}
