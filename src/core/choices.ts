import { fieldProblem, ProblemError } from '../contract/problem.ts';

/** Things that a shop has, as a sentence names them. */
export type Choice = { id: string; name: string };

/** Longer lists are for the commands that list. */
const SHOWN = 5;

/** `noun` is what is looked for, such as `product`; `known` a few that there are, of `total`. */
export function noneCalled(noun: string, which: string, by: string, known: string[], total: number) {
  const some = known.slice(0, SHOWN).join(', ');
  const rest = total > SHOWN ? `, and ${total - SHOWN} more` : '';
  const there = total === 0 ? `There is no ${noun} at all yet.` : `There are: ${some}${rest}.`;
  return new ProblemError('not_found', { detail: `No ${noun} has the ${by} ${which}. ${there}` });
}

/** Several fit; each is named by its id. */
export function severalCalled(noun: string, which: string, choices: Choice[]) {
  const list = choices.map(({ id, name }) => `${id} (${name})`).join(', ');
  return fieldProblem('invalid_request', `/${noun}`, `${which} may be several: say which by its id. ${list}`);
}
