import type { Config } from '../../config.ts';
import type { SetUpAnswers } from '../../contract/set-up.ts';
import type { SetUpState } from '../../core/shops/read-set-up-state.ts';
import type { Shell } from '../command.ts';
import { restoreFrom } from '../commands/restore.ts';
import { failureOf } from '../failure.ts';
import { Interrupted, isInterrupt, isStopping } from '../interrupt.ts';
import { keyByOptions, type MadeKey, showNewKey } from '../recovery-key.ts';
import { ask, BACK, type Back } from './ask.ts';
import type { Draft, SetUpContext } from './draft.ts';
import { makePlan } from './make-plan.ts';
import { type Plan, planOf } from './plan.ts';
import { checkMachine, sayFindings } from './preflight.ts';
import { checkOwnPassword, type QuestionName, questions } from './questions.ts';
import { findSetUpState, type SetUpResult } from './set-up.ts';
import { confirmSummary, type SummaryChoice } from './summary.ts';
import { needsTaxNumber } from './tax-number.ts';

/** Result of the wizard: a new shop, one restored from a backup, or what a dry run would have made; `backup` is a restore, untried. */
export type WizardResult =
  | { kind: 'new'; result: SetUpResult; key: MadeKey | undefined }
  | { kind: 'restored' }
  | { kind: 'backup' }
  | { kind: 'dry'; plan: Plan; recovery: NonNullable<Draft['key']> };

type WizardOptions = {
  config: Config;
  state: SetUpState;
  /** What is known without asking. */
  answers?: SetUpAnswers;
  /** Options of `init`, which may name the recovery key. */
  options?: Record<string, unknown>;
};

/** The wizard, before a server starts that has no shop yet. False if it was told to stop meanwhile: everything is set up by then. */
export async function offerSetUp(shell: Shell, config: Config): Promise<boolean> {
  const state = await findSetUpState(config);
  if (state === 'shop') return true;
  sayFindings(shell, await checkMachine(config, true));
  try {
    await wizard(shell, { config, state });
  } catch (error) {
    // Ctrl-C of a terminal ends programs at work, such as initdb, too.
    throw isStopping() && !isInterrupt(error) ? new Interrupted(CUT_OFF) : error;
  }
  if (isStopping()) shell.say('Stopped; the shop is set up. Open it: smoocho start');
  return !isStopping();
}

const CUT_OFF = 'Stopped before everything was made. To go on: smoocho start';
const GO_ON = 'Stopped; nothing was changed. To go on: smoocho init';

/**
 * Asks on a new machine whether to restore a backup or set up a new shop; nothing is written before the summary is confirmed.
 * Throws Interrupted after Ctrl-C.
 */
export async function wizard(
  shell: Shell,
  { config, state, answers = {}, options = {} }: WizardOptions,
): Promise<WizardResult> {
  const key = options.recoveryRecipient ?? options.recoveryKeyFile;
  let draft: Draft = { ...answers, ...(key !== undefined && { key: 'given' as const }) };
  const context: SetUpContext = { config, state };
  const isDryRun = options.dryRun === true;
  let plan: Plan;
  try {
    shell.say(
      'Esc goes back to the question before, Ctrl-C stops. Nothing is written before you have seen all of it.',
      '',
    );
    const asked = await askAll(shell, draft, context, isDryRun);
    if (typeof asked === 'string') return { kind: asked };
    ({ draft, plan } = asked);
  } catch (error) {
    throw isInterrupt(error) ? new Interrupted(GO_ON) : error;
  }
  if (isDryRun)
    return { kind: 'dry', plan, recovery: draft.backups === 'off' ? 'later' : (draft.key ?? 'later') };
  const now = new Date();
  const given = await keyByOptions(config.home, options, now);
  const result = await makePlan(config, plan);
  const shown =
    result.created && draft.key === 'paper' && draft.backups !== 'off' && !isStopping()
      ? await showNewKey(shell, now, true)
      : undefined;
  return { kind: 'new', result, key: given ?? shown };
}

/** The questions, in their order; those of the owner only where there is none. */
const FIRST: QuestionName[] = [
  'shopName',
  'country',
  'taxNumber',
  'ownerName',
  'ownerEmail',
  'password',
  'pictures',
  'backups',
];
const OWNERS: QuestionName[] = ['ownerName', 'ownerEmail', 'password'];

type Asked = { draft: Draft; plan: Plan };

async function askAll(
  shell: Shell,
  given: Draft,
  context: SetUpContext,
  isDryRun: boolean,
): Promise<Asked | 'restored' | 'backup'> {
  const left = FIRST.filter(
    (name) => !(isKnown(given, name) || (context.state === 'owner' && OWNERS.includes(name))),
  );
  let draft = given;
  let mayNeed = given;
  let what: What = 'new';
  // -1 is the question what to set up; after the last one comes the summary.
  for (let at = -1; ; ) {
    if (at < 0) {
      what = await askWhat(what);
      if (what === 'backup') {
        // To look into a backup takes a database, which a dry run doesn't make.
        if (isDryRun) return 'backup';
        if (await restoreByAsking(shell, context.config)) return 'restored';
      } else at = 0;
      continue;
    }
    // Whether it is asked for follows from the country, which stands before it.
    const names = left.filter((name) => name !== 'taxNumber' || needsTaxNumber(mayNeed));
    const name = names[at];
    if (name === undefined) {
      const seen = await review(shell, draft, context, isDryRun);
      if (seen.plan) return { draft: seen.draft, plan: seen.plan };
      draft = seen.draft;
      at -= 1;
      continue;
    }
    const answer: Partial<Draft> | Back = await questions[name](draft, context);
    if (answer === BACK) at -= 1;
    else {
      draft = { ...draft, ...answer };
      if (name === 'country' && 'country' in answer) mayNeed = draft;
      at += 1;
    }
  }
}

/** Answers of the command line or of a file are not asked for again; the registration number only where it can be none. */
function isKnown(draft: Draft, name: QuestionName): boolean {
  if (name === 'taxNumber') return false;
  if (name === 'country')
    return draft.country !== undefined || (draft.currency !== undefined && draft.timezone !== undefined);
  return draft[name] !== undefined;
}

/** Shows the summary until it is right; without a plan to go back to the last question. What was corrected stays so. */
async function review(
  shell: Shell,
  given: Draft,
  context: SetUpContext,
  isDryRun: boolean,
): Promise<{ draft: Draft; plan?: Plan }> {
  let draft = given;
  let last: SummaryChoice = 'yes';
  for (;;) {
    draft = await withGoodPassword(shell, draft, context);
    const plan = await planOf(draft, context.state);
    const choice = await confirmSummary(plan, draft, context, { isDryRun, last });
    if (choice === BACK) return { draft };
    if (choice === 'yes') return { draft, plan };
    if (choice === 'no') throw new Interrupted(GO_ON);
    const answer: Partial<Draft> | Back = await questions[choice](draft, context);
    if (answer !== BACK) draft = { ...draft, ...answer };
    last = choice;
  }
}

/** A password that was good may be made of a name that was corrected since. */
async function withGoodPassword(shell: Shell, given: Draft, context: SetUpContext): Promise<Draft> {
  let draft = given;
  while (context.state !== 'owner') {
    const fault = await checkOwnPassword(draft, draft.password ?? '');
    if (fault === true) break;
    shell.say(`The password: ${fault} Choose another one.`);
    const answer = await questions.password(draft, context);
    if (answer !== BACK) draft = { ...draft, ...answer };
  }
  return draft;
}

type What = 'backup' | 'new';

async function askWhat(last: What): Promise<What> {
  const { select } = await import('@inquirer/prompts');
  const answer = await ask((context) =>
    select(
      {
        message: 'What is to be set up?',
        choices: [
          { name: 'A shop from a backup', value: 'backup' },
          { name: 'A new shop', value: 'new' },
        ],
        default: last,
      },
      context,
    ),
  );
  // There is nothing before it.
  return answer === BACK ? await askWhat(last) : answer;
}

/** Returns false when the restore failed (the reason is printed) or was declined. */
async function restoreByAsking(shell: Shell, config: Config): Promise<boolean> {
  const { input } = await import('@inquirer/prompts');
  const location = await ask((context) =>
    input(
      {
        message: 'The backup: a file, or s3://bucket/key',
        validate: (text) =>
          text.trim() !== '' || 'Type where it is, such as /mnt/usb/smoocho/smoocho-….smoocho',
      },
      context,
    ),
  );
  if (location === BACK) return false;
  try {
    return (await restoreFrom({ ...shell, config }, location.trim(), {})) !== null;
  } catch (error) {
    if (isInterrupt(error)) throw error;
    shell.say(failureOf(error).message, '');
    return false;
  }
}
