import { register } from '../../contract/auth.ts';
import { usableCurrencies } from '../../contract/currencies.ts';
import { invalidRequest, parse } from '../../contract/parse.ts';
import { type Fault, ProblemError } from '../../contract/problem.ts';
import { OWNER_PASSWORD_MIN } from '../../contract/users.ts';
import { allZones, formerNameOf, machineZone } from '../../contract/zones.ts';

/** A field of the form. Its name is the JSON pointer of what it becomes in the body of `register`. */
export type Field = {
  name: string;
  label: string;
  hint?: string;
  /** Begins the sentence that says what is wrong with it. */
  subject: string;
  /** Attributes of the input, as HTML. */
  attributes: string;
  /** To choose one of: value, label, and what else browsers call it. */
  choices?: () => Choice[];
  /** The value that a new form has. */
  usual?: () => string;
};
export type Choice = { value: string; label: string; alias?: string | undefined };

const AGAIN = '/passwordAgain';
export const TOKEN = '/setupToken';

export const fields: Field[] = [
  {
    name: TOKEN,
    label: 'Setup token',
    hint: 'It stands in what the server printed when it started.',
    subject: 'The setup token',
    attributes: 'maxlength="200" autocomplete="off" spellcheck="false" autocapitalize="none"',
  },
  {
    name: '/shop/name',
    label: 'What is your shop called?',
    subject: 'The shop’s name',
    attributes: 'maxlength="255" autocomplete="organization"',
  },
  {
    name: '/shop/code',
    label: 'Its code',
    hint: '2 to 4 letters, in front of every bill’s number, such as KULF for Kulfi Corner',
    subject: 'The code',
    attributes: 'maxlength="4" autocomplete="off" spellcheck="false" autocapitalize="characters"',
  },
  {
    name: '/shop/currency',
    label: 'Its currency',
    subject: 'The currency',
    attributes: '',
    choices: currencies,
    usual: () => (machineZone() === 'Asia/Kolkata' ? 'INR' : ''),
  },
  {
    name: '/shop/timezone',
    label: 'Its time zone',
    subject: 'The time zone',
    attributes: 'data-guess',
    choices: timeZones,
    usual: () => (machineZone() === 'UTC' ? '' : machineZone()),
  },
  {
    name: '/name',
    label: 'Your name',
    subject: 'Your name',
    attributes: 'maxlength="255" autocomplete="name"',
  },
  {
    name: '/email',
    label: 'Your e-mail',
    hint: 'You sign in with it. Nothing is sent to it.',
    subject: 'Your e-mail',
    attributes: 'type="email" maxlength="255" autocomplete="username"',
  },
  {
    name: '/password',
    label: 'A password',
    hint: `At least ${OWNER_PASSWORD_MIN} characters. Three or four words that have nothing to do with each other are good.`,
    subject: 'The password',
    attributes: `type="password" maxlength="128" autocomplete="new-password"`,
  },
  {
    name: AGAIN,
    label: 'The same once more',
    subject: 'The second password',
    attributes: 'type="password" maxlength="128" autocomplete="new-password"',
  },
];

/** Never sent back. */
export const isPassword = ({ attributes }: Field) => attributes.startsWith('type="password"');

/** The body of `register` that these fields make. Throws `invalid_request` with all that is wrong with them. */
export function readFields(values: Record<string, string>) {
  const faults: Fault[] = [];
  let body: ReturnType<typeof parseBody> | undefined;
  try {
    body = parseBody(values);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    faults.push(...(error.errors ?? []).map((fault) => withoutChoice(fault, values)).filter(isOther));
  }
  const { '/password': password = '', [AGAIN]: again = '' } = values;
  if ([...password].length < OWNER_PASSWORD_MIN)
    faults.push({ pointer: '/password', detail: `is shorter than ${OWNER_PASSWORD_MIN} characters` });
  else if (password.length > 128)
    faults.push({ pointer: '/password', detail: 'is longer than 128 characters' });
  else if (again !== password) faults.push({ pointer: AGAIN, detail: 'differs from the first' });
  if (body === undefined || faults.length > 0) throw invalidRequest(faults);
  return body;
}

/** What is wrong with the passwords is said by the rules for owners, below. */
const isOther = ({ pointer }: Fault) => pointer !== '/password';

const withoutChoice = (fault: Fault, values: Record<string, string>): Fault =>
  values[fault.pointer] || !fields.some(({ name, choices }) => name === fault.pointer && choices)
    ? fault
    : { ...fault, detail: 'is not chosen yet' };

const names = new Set(fields.map(({ name }) => name));

function parseBody(values: Record<string, string>) {
  const unknown = Object.keys(values).filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw invalidRequest(unknown.map((name) => ({ pointer: '', detail: `"${name}" is not a field here` })));
  const at = (name: string) => values[name] ?? '';
  return parse(register.body, {
    setupToken: at(TOKEN),
    shop: {
      name: at('/shop/name'),
      code: at('/shop/code'),
      currency: at('/shop/currency'),
      timezone: at('/shop/timezone'),
    },
    name: at('/name'),
    email: at('/email'),
    password: at('/password'),
  });
}

function timeZones(): Choice[] {
  return allZones().map((value) => ({
    value,
    label: value.replaceAll('_', ' '),
    alias: formerNameOf(value),
  }));
}

function currencies(): Choice[] {
  const names = new Intl.DisplayNames('en', { type: 'currency' });
  return usableCurrencies.map((value) => ({ value, label: `${value} · ${names.of(value) ?? value}` }));
}
