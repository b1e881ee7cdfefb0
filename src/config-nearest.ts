import { ConfigError } from './config-error.ts';

/** Throws ConfigError for a name that is not among `known`, with the one that it is most like. */
export function checkKnown(where: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const like = nearestOf(name, known);
  const hint = like ? `Did you mean ${JSON.stringify(like)}?` : `It may have ${known.join(', ')}.`;
  throw new ConfigError(`${where} has ${JSON.stringify(name)}, which is no setting. ${hint}`);
}

/** Of names, the one that a mistyped one is most like, whatever its case and marks; undefined when none is. */
export function nearestOf(typed: string, names: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = plain(typed);
  const ranked = names
    .map((name) => ({ name, steps: stepsBetween(wanted, plain(name)) }))
    .sort((a, b) => a.steps - b.steps);
  const [best] = ranked;
  // A third of its letters may be wrong.
  return best && best.steps <= Math.max(1, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

/** Letters to put in, take out, exchange or swap with the next one, from one text to the other. */
function stepsBetween(from: string, to: string): number {
  let last: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const at = (of: number[], k: number) => of[k] as number;
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next[j] = Math.min(
        at(row, j) + 1,
        at(next, j - 1) + 1,
        at(row, j - 1) + (isSame ? 0 : 1),
        isSwapped ? at(last, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    last = row;
    row = next;
  }
  return row[to.length] as number;
}
