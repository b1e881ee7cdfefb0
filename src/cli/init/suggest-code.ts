import { withoutAccents } from '../../core/without-accents.ts';

/** For a name without a letter of A to Z in it. */
const ANY = 'SHOP';

/** A shop's code from its name: the first letters of its words, or its first letters. Accents make no difference. */
export function suggestCode(name: string): string {
  const plain = withoutAccents(name.toLowerCase()).toUpperCase().replace(/['’]/g, '');
  const words = plain.match(/[A-Z]+/g) ?? [];
  const initials = words.map((word) => word[0]).join('');
  const code = (initials.length >= 2 ? initials : words.join('')).slice(0, 4);
  return code.length >= 2 ? code : ANY;
}
