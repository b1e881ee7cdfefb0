import { type Fault, isSentence, type ProblemError, problems, sentenceOf } from '../../contract/problem.ts';
import type { Reached } from './addresses.ts';
import { command, escapeHtml, type Page } from './page.ts';
import { type Choice, type Field, fields, isPassword, TOKEN } from './set-up-fields.ts';

/**
 * Takes the token out of the address, so that neither history nor a photo of the screen has it; a page that comes back with
 * mistakes has it in its field. Chooses the country of the browser's zone, and the zone itself where the country has several.
 */
const SCRIPT = `
const token = document.getElementById('${TOKEN}');
const sent = location.hash.slice(1);
if (sent) {
  token.value = sent;
  history.replaceState(null, '', location.pathname);
}
if (token.value && !token.hasAttribute('aria-invalid')) token.closest('p').hidden = true;
for (const link of document.querySelectorAll('a[data-onward]')) if (sent) link.hash = sent;
const named = Intl.DateTimeFormat().resolvedOptions().timeZone;
const select = (what) => document.querySelector('select[data-guess=' + what + ']');
const [country, zones] = [select('country'), select('zone')];
if (country && named !== 'UTC') {
  const known = [...zones.options].find((option) => option.value === named || option.dataset.alias === named);
  const zone = known ? known.value : named;
  const hasZone = (option) => (option.dataset.zones || '').split(' ').includes(zone);
  const own = [...country.options].find(hasZone);
  if (own) country.value = own.value;
  const follow = () => {
    const [chosen] = country.selectedOptions;
    const isOne = chosen && hasZone(chosen) && chosen.dataset.zones.includes(' ');
    zones.value = isOne ? zone : '';
  };
  country.addEventListener('change', follow);
  follow();
}
`;

export type Sent = { values: Record<string, string>; problem?: ProblemError | undefined };

/** The owner's first form, new or with what was sent and what is wrong with it. Passwords are never sent back. */
export function setUpPage(reached: Reached, { values, problem }: Sent = { values: {} }): Page {
  const faults = problem ? faultsOf(problem) : [];
  const isNew = problem === undefined;
  return {
    title: 'Set up this shop',
    script: SCRIPT,
    hasForm: true,
    body: `<p>This makes the shop and its owner, once. Staff and products come after it.</p>
${isNew ? safety(reached) : summaryOf(faults, problem)}
<form method="post" accept-charset="utf-8" novalidate>
${formOf(values, faults, isNew)}
<p><button>Set up the shop</button></p>
</form>`,
  };
}

/** A password goes over the network: better over HTTPS, where there is any. */
function safety({ isSecure, isOnlyHere, secure, hasAuthority }: Reached): string {
  if (isSecure || isOnlyHere || !secure) return '';
  // In a tab of its own: this one has the token, which is no longer in the address.
  const trust = '<a href="/ca" target="_blank" rel="noopener">Let this device trust the server</a>';
  const first = hasAuthority ? `${trust}, then go on` : 'Go on';
  return `<p class="note">You read this over plain HTTP: others in this network could read the password. ${first} at
<a data-onward href="${escapeHtml(secure)}/set-up">${escapeHtml(secure)}</a>; or fill this in on the server itself.</p>`;
}

/** Of the token there is one sentence, and it stands beside its field. */
function faultsOf({ code, detail, errors }: ProblemError): Fault[] {
  if (errors) return errors;
  const { title } = problems[code];
  return [{ pointer: code === 'setup_refused' ? TOKEN : '', detail: detail ?? `${title}.` }];
}

function summaryOf(faults: Fault[], problem: ProblemError): string {
  const elsewhere = faults.filter(({ pointer }) => !fields.some(({ name }) => name === pointer));
  const beside = faults.length - elsewhere.length;
  const sentences = elsewhere.map((fault) => (fault.pointer ? sentenceOf(fault) : fault.detail));
  const things = beside === 1 ? 'One thing is' : `${beside} things are`;
  const count = beside > 0 ? [`${things} not right yet.`] : [];
  const again = problem.code === 'invalid_request' ? ['Type the passwords again: they are not kept.'] : [];
  const texts = [...sentences, ...count, ...again];
  return `<p class="note" role="alert">${texts.map(escapeHtml).join(' ')}</p>`;
}

/** What follows from the country is folded away while nothing in it is wrong or was chosen. */
function formOf(values: Record<string, string>, faults: Fault[], isNew: boolean): string {
  const shown = (some: Field[]) => some.map((field) => fieldOf(field, values, faults, isNew)).join('\n');
  const following = fields.filter(({ follows }) => follows);
  const isOpen = following.some(({ name }) => values[name] || faults.some(({ pointer }) => pointer === name));
  const first = fields.findIndex(({ follows }) => follows);
  const [before, after] = [fields.slice(0, first), fields.slice(first).filter(({ follows }) => !follows)];
  return `${shown(before)}
<details${isOpen ? ' open' : ''}><summary>Tax, currency, time zone: as usual in the country</summary>
${shown(following)}
</details>
${shown(after)}`;
}

function fieldOf(field: Field, values: Record<string, string>, faults: Fault[], isNew: boolean): string {
  const { name, label, hint, subject, choices, usual, ifEmpty } = field;
  const fault = faults.find(({ pointer }) => pointer === name);
  const isFirst = fault !== undefined && fault === firstOf(faults);
  const value = isPassword(field) ? '' : (values[name] ?? (isNew ? usual?.() : undefined) ?? '');
  const attributes = [
    `id="${name}" name="${name}"${ifEmpty === undefined ? ' required' : ''}`,
    isNew ? field.attributes : field.attributes.replace(/data-guess="\w+"/, ''),
    fault ? `aria-invalid="true" aria-describedby="${name}-wrong"` : '',
    isFirst ? 'autofocus' : '',
  ].join(' ');
  const input = choices
    ? `<select ${attributes}>${choices().reduce((all, each) => all + optionOf(each, value), `<option value="">${escapeHtml(ifEmpty ?? 'Choose')}</option>`)}</select>`
    : `<input ${attributes} value="${escapeHtml(value)}">`;
  const note = hint ? `<small>${escapeHtml(hint)}</small>` : '';
  const wrong = fault
    ? `<span class="wrong" id="${name}-wrong">${escapeHtml(sentenceAbout(subject, fault.detail))}</span>`
    : '';
  return `<p><label for="${name}">${escapeHtml(label)}${note}</label>${input}${wrong}</p>`;
}

const firstOf = (faults: Fault[]) =>
  fields.flatMap(({ name }) => faults.filter(({ pointer }) => pointer === name))[0];

function optionOf({ value, label, alias, zones = [] }: Choice, chosen: string): string {
  const data = `${alias ? ` data-alias="${alias}"` : ''}${zones.length > 0 ? ` data-zones="${zones.join(' ')}"` : ''}`;
  return `<option value="${escapeHtml(value)}"${data}${value === chosen ? ' selected' : ''}>${escapeHtml(label)}</option>`;
}

function sentenceAbout(subject: string, detail: string): string {
  const text = isSentence(detail) ? detail : `${subject} ${detail}`;
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** After the form, and for whoever opens the link again. */
export const setUpDonePage = ({ isSecure, hasAuthority }: Reached): Page => ({
  title: 'This shop is set up',
  body: `<p>The link has done its work and opens nothing any more. The owner signs in with the e-mail and the password that were
given here.</p>
<h2>What to do next</h2>
<p>On the server:</p>
<ol>
<li>Look at the taxes that follow from your country: <br>${command('smoocho settings show tax')}. A number that you register for later:
<br>${command('smoocho settings set tax.registrationNumber=YOURS')}</li>
<li>Make the key that opens your backups, and keep it on paper: <br>${command('smoocho backup key create')}</li>
<li>Bring in your menu: <br>${command('smoocho import products menu.csv')}</li>
<li>Pair the first till: <br>${command('smoocho device pair --name "Till 1"')}. With several shops,
add <code>--shop CODE</code>.</li>
</ol>
${hasAuthority && !isSecure ? '<p>On each till and tablet: <a href="/ca">let it trust the server</a>, once, and use HTTPS from then on.</p>' : ''}
<p class="note">It was not you who filled in the form? Then somebody else had the link. Run ${command('smoocho user list')} on the
server to see who the owner is.</p>
<p><a href="/">Go to the first page</a></p>`,
});
