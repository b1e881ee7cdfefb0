/** Letters that Unicode doesn't take apart into one of A to Z and a mark. */
const PLAIN: Record<string, string> = {
  Æ: 'AE',
  Œ: 'OE',
  Ø: 'O',
  Ł: 'L',
  Đ: 'D',
  Ð: 'D',
  Þ: 'TH',
  ß: 'SS',
  ı: 'I',
};

/** For a name without a letter of A to Z in it. */
const ANY = 'SHOP';

/** A shop's code from its name: the first letters of its words, or its first letters. Accents make no difference. */
export function suggestCode(name: string): string {
  const plain = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'SS')
    .toUpperCase()
    .replace(/[^A-Z]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/['’]/g, '');
  const words = plain.match(/[A-Z]+/g) ?? [];
  const initials = words.map((word) => word[0]).join('');
  const code = (initials.length >= 2 ? initials : words.join('')).slice(0, 4);
  return code.length >= 2 ? code : ANY;
}
