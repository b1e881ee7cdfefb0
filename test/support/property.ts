import { AssertionError } from 'node:assert';
import fc from 'fast-check';

/** Few in a usual run, which others wait for; FC_RUNS=200 makes it an evening's. */
const USUAL_RUNS = 5;
const RUNS = Number(process.env.FC_RUNS ?? USUAL_RUNS);
export const isLongRun = RUNS > 10 * USUAL_RUNS;
/** A script of forty commands fills a screen; its seed says the same. */
const MAX_TEXT = 3_000;
/** A run takes a second or two: after the first failure so many smaller scripts are tried, and no more. */
const MAX_SHRINKS = 25;

export const propertyTimeoutMs = (RUNS + MAX_SHRINKS) * 10_000;

const replayOf = ({ FC_SEED: seed, FC_PATH: path }: NodeJS.ProcessEnv) => ({
  ...(seed === undefined ? {} : { seed: Number(seed) }),
  ...(path === undefined ? {} : { path, numRuns: 1, endOnFailure: true }),
});

/**
 * Holds a property against scripts made at random. One that fails is told with the command that runs its script again.
 * `file` and `name` say which test it is.
 */
export async function holds<T>(
  file: string,
  name: string,
  scripts: fc.Arbitrary<T>,
  check: (script: T) => Promise<void>,
): Promise<void> {
  let shrinks = -1;
  const property = fc.asyncProperty(scripts, async (script) => {
    if (shrinks >= MAX_SHRINKS) return;
    try {
      if (shrinks >= 0) shrinks += 1;
      await check(script);
    } catch (error) {
      shrinks = Math.max(shrinks, 0);
      throw error;
    }
  });
  const details = await fc.check(property, { numRuns: RUNS, ...replayOf(process.env) });
  if (details.failed) throw new Error(describe(file, name, details), { cause: details.errorInstance });
}

/** What two large values differ in is worth more than that they do. */
function reasonOf(error: unknown): string {
  const { message, actual, expected } = error as Error & { actual?: unknown; expected?: unknown };
  const isLarge = typeof actual === 'object' && typeof expected === 'object';
  const difference = isLarge
    ? new AssertionError({ actual, expected, operator: 'deepStrictEqual' }).message
    : '';
  return [message, difference].join('\n').slice(0, MAX_TEXT);
}

function describe<T>(file: string, name: string, details: fc.RunDetails<[T]>): string {
  const { seed, counterexamplePath, counterexample, errorInstance, numShrinks } = details;
  return [
    `${name} does not hold: ${reasonOf(errorInstance)}`,
    `The script, after ${numShrinks} times making it smaller: ${JSON.stringify(counterexample?.[0]).slice(0, MAX_TEXT)}`,
    'It runs again with',
    `  FC_SEED=${seed} FC_PATH=${counterexamplePath} npx mocha ${file} --fgrep '${name}'`,
    'The script is the same then; how the requests of the tills fall between each other is not. If it passes, run it again.',
  ].join('\n');
}
