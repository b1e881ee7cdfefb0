import { defaultsOf, findTaxNumberFault, taxNumberNames } from '../../contract/opening.ts';
import { taxTemplates } from '../../contract/tax-templates.ts';
import { ask, BACK, type Back } from './ask.ts';
import type { Draft } from './draft.ts';

const taxOf = ({ tax, country }: Draft) => tax ?? defaultsOf(country).tax;

/**
 * Whether a shop is asked for its registration number: where GST or VAT is the country's tax, unless a number was given that can be one
 * there. Elsewhere it can be added in the summary.
 */
export function needsTaxNumber(draft: Draft): boolean {
  const tax = taxOf(draft);
  const isUsual = tax !== undefined && taxTemplates[tax].countries !== null;
  return draft.taxNumber === undefined ? isUsual : faultOf(draft, draft.taxNumber) !== undefined;
}

const NONE = '-';

/** The number with which the shop is registered for its tax. */
export async function askTaxNumber(draft: Draft): Promise<Partial<Draft> | Back> {
  const { input } = await import('@inquirer/prompts');
  const title = taxNumberNames[taxOf(draft) ?? 'none'];
  const { taxNumber } = draft;
  const answer = await ask((context) =>
    input(
      {
        message: taxNumber
          ? `Its ${title} (${NONE} if not registered)`
          : `Its ${title} (leave empty if not registered)`,
        ...(taxNumber && { default: taxNumber }),
        validate: (typed) => {
          const fault = typed.trim() === NONE ? undefined : faultOf(draft, typed);
          return fault === undefined || `"${typed}" ${fault}.`;
        },
      },
      context,
    ),
  );
  return answer === BACK ? BACK : { taxNumber: answer.trim() === NONE ? '' : answer.trim() };
}

const faultOf = ({ country = '', currency = defaultsOf(country).currency ?? '' }: Draft, taxNumber: string) =>
  findTaxNumberFault({ country, currency, taxNumber });
