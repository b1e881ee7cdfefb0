import { fieldProblem } from '../../contract/problem.ts';
import { OWNER_PASSWORD_MIN, PASSWORD_MIN, type Role } from '../../contract/users.ts';
import { withoutAccents } from '../without-accents.ts';

/** Whose a password is to be: what others know of them they try first. */
export type PasswordOwner = {
  role: Role;
  name: string;
  email: string;
  shops: readonly { name: string; code: string }[];
};

/** Throws `invalid_request` with what is wrong with a password that somebody wants to have. */
export async function checkPassword(password: string, owner: PasswordOwner): Promise<void> {
  const fault = await findPasswordFault(password, owner);
  if (fault) throw fieldProblem('invalid_request', '/password', fault);
}

/** What is wrong with a password, to go on from "The password"; null when it is good. Case and accents make no difference. */
export async function findPasswordFault(password: string, owner: PasswordOwner): Promise<string | null> {
  const text = password.normalize('NFC').toLowerCase();
  // As people count: four emoji are four characters, whatever JavaScript says.
  const characters = [...text];
  if (owner.role === 'owner' && characters.length < OWNER_PASSWORD_MIN)
    return `is shorter than ${OWNER_PASSWORD_MIN} characters, an owner's least`;
  if (characters.length < PASSWORD_MIN) return `is shorter than ${PASSWORD_MIN} characters`;
  if (new Set(characters).size <= 2) return `is one or two characters over and over: ${ADVICE}`;
  if (isAbout(text, owner)) return `is made of the name, the e-mail or the shop: ${ADVICE}`;
  if (await isCommon(text)) return `is one that many people use, so it is tried first: ${ADVICE}`;
  return null;
}

const ADVICE = 'choose three or four words that have nothing to do with each other';

/** The 49,000 most used ones, of which 18,000 are long enough. A megabyte of text: a command loads it when it sets a password. */
export const loadCommonPasswords = () => import('./common-passwords.ts');

async function isCommon(text: string): Promise<boolean> {
  const { dictionary } = await loadCommonPasswords();
  const known = dictionary['passwords-common'];
  return known.includes(text) || known.includes(withoutAccents(text));
}

/** Müller is mueller, too. */
const withE = (text: string) =>
  text.normalize('NFC').replace(/[äöü]/g, (letter) => `${withoutAccents(letter)}e`);

const lettersOf = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{M}]/gu, '');

/** Letters that may stand beside the names without making a password of it, such as `xx`. */
const FEW = 2;

/** Whether it is little more than their names: once or several times, with digits and marks between them or behind. */
function isAbout(text: string, { name, email, shops }: PasswordOwner): boolean {
  const names = [name, email, ...shops.flatMap((shop) => [shop.name, shop.code]), 'smoocho'];
  const parts = names
    .map((each) => each.normalize('NFC').toLowerCase())
    .flatMap((each) => [each, ...each.split(/[^\p{L}\p{M}]+/u)])
    .flatMap((each) => [each, withE(each)])
    .map((each) => withoutAccents(lettersOf(each)));
  const words = [...new Set(parts)].filter((word) => word.length > 1).sort((a, b) => b.length - a.length);
  const letters = withoutAccents(lettersOf(text));
  const rest = letters.replace(new RegExp(words.join('|'), 'gu'), '');
  return rest !== letters && rest.length <= FEW;
}
