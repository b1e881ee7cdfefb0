import { defaultsOf, findTaxNumberFault, taxNumberNames } from '../../contract/opening.ts';
import { taxTemplates } from '../../contract/tax-templates.ts';
import { fitWords } from '../output/labelled.ts';
import { ask, BACK, type Back, fitVerdict } from './ask.ts';
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
  const answer = await ask((context) => input(taxNumberQuestion(draft), context));
  return answer === BACK ? BACK : { taxNumber: answer.trim() === NONE ? '' : answer.trim() };
}

/** What is asked, fitted to the terminal. */
export function taxNumberQuestion(draft: Draft) {
  const title = taxNumberNames[taxOf(draft) ?? 'none'];
  const { taxNumber } = draft;
  const none = taxNumber ? `${NONE} if not registered` : 'leave empty if not registered';
  return {
    message: fitWords(`Its ${title} (${none})`),
    ...(taxNumber && { default: taxNumber }),
    validate(typed: string) {
      const fault = typed.trim() === NONE ? undefined : faultOf(draft, typed);
      return fitVerdict(fault === undefined || `"${typed}" ${fault}.`);
    },
  };
}

const faultOf = ({ country = '', currency = defaultsOf(country).currency ?? '' }: Draft, taxNumber: string) =>
  findTaxNumberFault({ country, currency, taxNumber });
