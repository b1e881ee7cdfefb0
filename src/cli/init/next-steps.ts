import type { Shell } from '../command.ts';
import { labelled } from '../output/labelled.ts';
import { drawQr } from '../output/qr.ts';
import type { MadeKey } from '../recovery-key.ts';
import { configuredAddress, deviceUrls } from '../server-address.ts';
import type { Draft } from './draft.ts';
import type { Plan } from './plan.ts';
import type { SetUpResult } from './set-up.ts';
import { rowsOf } from './summary.ts';

/** Says what was made, how the backups open, and what to do next. */
export function sayDone(
  shell: Shell,
  { home, isServed, shops }: SetUpResult,
  key: MadeKey | undefined,
  isNightly: boolean,
): void {
  const names = shops.map((shop) => `${shop.name} (${shop.code})`).join(', ');
  shell.say(
    `${names} is set up in ${home}.`,
    isNightly
      ? 'While it runs it makes a backup each night at three, and restores one for trial each Sunday: smoocho backup schedule'
      : 'No backup is made by itself. Make them with: smoocho backup create',
    key
      ? key.file
        ? `The key that opens them on another machine is in ${key.file}: print it, or copy it away, and then remove it here.`
        : 'They open with your recovery key.'
      : 'Only this machine can open them. Make a recovery key, and keep it away from the shop: smoocho backup key create',
    isServed ? 'It is open: the server runs.' : 'Open it: smoocho start',
    ...nextSteps(shell, isServed),
  );
  const [url] = deviceUrls(configuredAddress(shell.config));
  if (shell.isInteractive && !shell.isQuiet && url) process.stdout.write(`\n${drawQr(url)}\n`);
}

function nextSteps(shell: Shell, isServed: boolean): string[] {
  const address = configuredAddress(shell.config);
  const [url] = deviceUrls(address);
  const way = address.isProxied ? 'through the proxy ' : 'on this network   ';
  return [
    '',
    'Then:',
    '  bring in a menu     smoocho import products FILE',
    '  pair a till         smoocho device pair --name "Counter 1"',
    ...(url ? [`  ${way}  ${url}${isServed ? '' : ', once it is open'}`] : []),
  ];
}

type RecoveryKey = NonNullable<Draft['key']>;

const KEYS: Record<RecoveryKey, string> = {
  paper:
    'a recovery key, which opens the backups on another machine, is made and shown once, at the end: have paper at hand',
  given: 'the recovery key that was named opens the backups on another machine',
  later: 'no recovery key: only this machine could open the backups. Make one with smoocho backup key create',
};

/** Says what a dry run would have made. */
export function sayPlan(shell: Shell, plan: Plan, key: RecoveryKey): void {
  const { home, databaseUrl } = shell.config;
  shell.print(`This would be set up in ${home}. Nothing was written.`, '');
  shell.show(
    labelled(
      [
        ...rowsOf(plan, { key }).map(({ label, value }) => [label, value] as const),
        ['Key', KEYS[key]],
        ['Database', databaseUrl ? 'the one of DATABASE_URL' : 'a PostgreSQL of its own, in the home'],
      ],
      process.stdout.columns ?? 80,
    ),
  );
}

/** The plan for programs: as it is, but for the password. */
export const viewPlan = ({ owner, ...plan }: Plan) => ({
  ...plan,
  owner: owner && { name: owner.name, email: owner.email },
});
