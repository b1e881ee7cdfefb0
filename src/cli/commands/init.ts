import { readBackupConfig } from '../../config.ts';
import type { StoreFinding } from '../../storage/check-store.ts';
import type { Command, Shell } from '../command.ts';
import { answerOptions, passwordOf, readAnswers } from '../init/answers.ts';
import { makePlan } from '../init/make-plan.ts';
import { sayDone, sayPlan, viewPlan } from '../init/next-steps.ts';
import { type Plan, planOf, requireAnswers, requireTaxNumber, workOf } from '../init/plan.ts';
import { checkMachine, type PreflightFinding, sayFindings } from '../init/preflight.ts';
import { describeSetUp, findSetUpState, requirePrimary, type SetUpResult } from '../init/set-up.ts';
import { type WizardResult, wizard } from '../init/wizard.ts';
import { checkRecovery, keyByOptions } from '../recovery-key.ts';
import { upgradeSchema } from '../upgrade-schema.ts';

type Options = Record<string, unknown>;

export const init: Command = {
  name: 'init',
  summary:
    'Set your shop up: database, first shop, its owner; on a terminal also from a backup. Again, it changes nothing',
  options: [
    { flags: '--yes', description: 'ask nothing; take everything from the options below' },
    { flags: '--dry-run', description: 'look at the machine and the answers, and say what would be made' },
    ...answerOptions,
  ],
  example:
    'smoocho init --yes --shop-name "Kulfi Corner" --shop-code KULF --country IN ' +
    '--owner-name Asha --owner-email asha@example.com --password-file owner-password.txt',
  async run(shell, given) {
    const answers = await readAnswers(given);
    const { recoveryRecipient, recoveryKeyFile } = answers;
    const options: Options = { ...given, recoveryRecipient, recoveryKeyFile };
    requireTaxNumber(answers);
    checkRecovery(options);
    const { config } = shell;
    await requirePrimary(config);
    const state = await findSetUpState(config);
    if (state !== 'nothing' && !options.dryRun) await upgradeSchema(shell, config, false);
    if (state === 'shop') {
      await finish(shell, { result: await describeSetUp(config) });
      return undefined;
    }
    const findings = await checkMachine(config, false);
    sayFindings(shell, findings);
    const done =
      shell.isInteractive && !options.yes
        ? await wizard(shell, { config, state, answers, options })
        : await withoutAsking(shell, options, async () => {
            requireAnswers({ ...answers, ...passwordGiven(options) }, state);
            const password = state === 'owner' ? {} : { password: await passwordOf(shell, answers, options) };
            return await planOf({ ...answers, ...password }, state);
          });
    if (done.kind === 'dry') {
      sayPlan(shell, done.plan, done.recovery);
      giveDryRun(shell, done, findings);
    } else if (done.kind === 'backup') shell.print(BY_RESTORE);
    // The restore has printed its own result.
    else if (done.kind === 'restored') await sayStoreFindings(shell);
    else await finish(shell, { ...done, findings });
    return undefined;
  },
};

/** Its own place is read after it is known that nothing else is missing. */
const passwordGiven = ({ passwordStdin, passwordFile }: Options) =>
  passwordStdin || passwordFile !== undefined ? { password: '' } : {};

const BY_RESTORE =
  'The backup would be restored into this home. Nothing was written. To try one without changing a shop: smoocho restore FILE --dry-run';

async function withoutAsking(
  shell: Shell,
  options: Options,
  plan: () => Promise<Plan>,
): Promise<WizardResult> {
  const { config } = shell;
  const found = await plan();
  await workOf(found, config);
  if (options.dryRun) {
    const isNamed = options.recoveryRecipient !== undefined || options.recoveryKeyFile !== undefined;
    return { kind: 'dry', plan: found, recovery: isNamed ? 'given' : 'later' };
  }
  const key = await keyByOptions(config.home, options, new Date());
  return { kind: 'new', result: await makePlan(config, found), key };
}

function giveDryRun(
  shell: Shell,
  { plan, recovery }: Extract<WizardResult, { kind: 'dry' }>,
  findings: PreflightFinding[],
): void {
  const { home } = shell.config;
  shell.give({ isDryRun: true, home, plan: viewPlan(plan), recoveryKey: recovery, findings });
}

type Done = {
  result: SetUpResult;
  key?: Parameters<typeof sayDone>[2];
  findings?: PreflightFinding[];
};

async function finish(shell: Shell, { result, key, findings = [] }: Done): Promise<void> {
  const { home } = shell.config;
  const { recoveryRecipient, schedule } = readBackupConfig(home);
  if (result.created) sayDone(shell, result, key, schedule !== null);
  else {
    const names = result.shops.map((shop) => `${shop.name} (${shop.code})`).join(', ');
    shell.say(
      `Everything is set up in ${result.home} already${names ? `: ${names}` : ''}. Nothing was changed.`,
    );
  }
  const storeFindings = await sayStoreFindings(shell);
  shell.give({ ...result, recoveryRecipient, storeFindings, findings });
}

/** Prints what is wrong with the bucket for pictures, but does not fail: a shop can sell without pictures. */
async function sayStoreFindings(shell: Shell): Promise<StoreFinding[]> {
  if (shell.config.imageStore !== 'minio') return [];
  const { checkStore } = await import('../../storage/check-store.ts');
  const findings = await checkStore('minio', shell.config);
  if (findings.length > 0) shell.say(...findings.map(({ detail }) => detail));
  return findings;
}
