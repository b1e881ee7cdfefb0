import { fieldProblem } from '../../contract/problem.ts';
import { INSTALLATION } from '../../core/audit/record-security.ts';
import { type Head, parseHead } from '../../core/audit/seal.ts';
import { findChains, type VerifiedChain, verifyAudit } from '../../core/audit/verify-audit.ts';
import { findShopByCode } from '../../core/shops/find-shops.ts';
import type { Command } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { formatCount } from '../output/format.ts';
import { paragraphs } from '../output/in-line.ts';
import { startProgress } from '../output/progress.ts';

/** Of each chain; `--json` has the first hundred. */
const SHOWN_FAULTS = 20;

export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Find out whether a record of who did what was changed, removed, put in or cut off',
  details:
    'Also by somebody in the database itself. What a restore left out is said. Exit code 4 when something is wrong.',
  options: [
    {
      flags: '--shop <code>',
      description: 'one shop, by its code (default: all, and the installation itself)',
    },
    {
      flags: '--head <head>',
      description:
        'hold the audit head of a printed Z report against the chain of --shop; 16 digits of it will do',
    },
  ],
  example: 'smoocho audit verify --shop PIZA --head 1234:9f2c61d80b7e43aa',
  async run(shell, { shop: code, head: text }) {
    const head = readHead(text as string | undefined, code);
    return await shell.withApp(async (app) => {
      const em = app.orm.em.fork();
      const shopId = code === undefined ? undefined : (await findShopByCode(em, code as string)).id;
      const all = await findChains({ app, em });
      const chains = shopId === undefined ? all : all.filter(({ id }) => id === shopId);
      const verified: VerifiedChain[] = [];
      for (const chain of chains) {
        const progress = startProgress('Reading', 100);
        const onRecords = (done: number, count: number) =>
          progress.update((100 * done) / count, chain.shop?.code ?? '');
        try {
          verified.push(
            ...(await verifyAudit({ app, em }, [chain], { heads: head ? [head] : [], onRecords })),
          );
        } finally {
          progress.stop();
        }
      }
      const isSound = verified.every((chain) => chain.isSound);
      shell.print(...paragraphs(verified.map(describe)));
      shell.give({ isSound, chains: verified });
      return isSound ? exitCodes.done : exitCodes.checkFoundProblems;
    });
  },
};

function readHead(text: string | undefined, code: unknown): Head | null {
  if (text === undefined) return null;
  if (code === undefined) throw new UsageError('Say with --shop whose Z report has this --head.');
  const head = parseHead(text);
  if (head) return head;
  throw fieldProblem(
    'invalid_request',
    '/head',
    'is not of the form 1234:9f2c…, with 16 digits of the hash or more',
  );
}

function titleOf({ id, shop }: VerifiedChain): string {
  if (shop) return `${shop.name} (${shop.code})`;
  return id === INSTALLATION ? 'The installation itself' : `A shop that is not in the database (${id})`;
}

function describe(chain: VerifiedChain): string[] {
  const { records, seals, head, unsealed, wrong, faults, notes } = chain;
  const lines = [
    titleOf(chain),
    `  ${formatCount(records)} records, ${formatCount(seals)} seals, ${formatCount(unsealed.count)} not sealed yet`,
    ...(head ? [`  head ${head}`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
  if (wrong === 0) return [...lines, 'Nothing was changed, removed or put in.'];
  const shown = faults.slice(0, SHOWN_FAULTS);
  return [
    ...lines,
    ...shown.map(({ subject, detail }) => `  WRONG  ${subject}: ${detail}`),
    ...(wrong > shown.length ? [`         … and ${formatCount(wrong - shown.length)} more`] : []),
    'Somebody was at the records. Keep a copy of the database as it is, and of its backups.',
  ];
}
