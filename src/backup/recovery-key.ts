import { renderSVG, renderUnicodeCompact } from 'uqr';
import { formatMinute } from '../figures.ts';
import type { KeyPair } from './archive/encryption.ts';

/** Quiet zone of four modules, as the QR standard requires: beside other print, less makes scans fail. */
const QR_BORDER = 4;
/** As many characters as people type without losing their place; from the end, as all keys begin the same. */
const TYPED_BACK = 8;

/** The end of a key, typed back to prove that it was written down. */
export const endOf = ({ identity }: KeyPair) => identity.slice(-TYPED_BACK);

export const typedBackLength = TYPED_BACK;

/** Whether the end of the key was typed back correctly, in any case and with any blanks. */
export const isTypedBack = (key: KeyPair, typed: string) =>
  typed.replace(/\s/g, '').toUpperCase().endsWith(endOf(key));

const ABOUT = [
  'Whoever has this key can open every backup that is made for it, with customers’ phone numbers and addresses in it.',
  'Keep it on paper, away from the shop: without it, no backup opens once the machine is gone.',
  'To restore on a new machine:  smoocho restore BACKUP-FILE   (it asks for the key; or --identity KEY-FILE)',
  'Without Smoocho:  age -d -i KEY-FILE BACKUP-FILE | zstd -d | tar x',
  'KEY-FILE is a text file with the line that begins with AGE-SECRET-KEY-1. The letters B, I and O and the digit 1 do not occur after that start.',
];

const TITLE = 'Recovery key of Smoocho’s backups';

/**
 * Returns a printable text page that is also a valid age identity file: all but the key is a comment. QR
 * blocks print dark on paper; on a dark screen (`isDark`) they have to be the light ones.
 */
export function textSheet(key: KeyPair, madeAt: Date, isDark = false): string {
  const qr = renderUnicodeCompact(key.identity, { border: QR_BORDER, invert: !isDark });
  const lines = [
    TITLE,
    `made ${formatMinute(madeAt)}`,
    '',
    ...ABOUT,
    '',
    `public key: ${key.recipient}`,
    '',
    ...qr.split('\n'),
    '',
  ];
  return `${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n${key.identity}\n`;
}

/** Groups the key after `AGE-SECRET-KEY-1` by four for typing; copied text has no blanks in it. */
function inGroups(identity: string): string {
  const [start, rest] = [identity.slice(0, KEY_START.length), identity.slice(KEY_START.length)];
  return [start, ...(rest.match(/.{1,4}/g) ?? [])].map((group) => `<span>${group}</span>`).join('');
}
const KEY_START = 'AGE-SECRET-KEY-1';

/** Returns the same page as HTML, which prints on one sheet. */
export function htmlSheet(key: KeyPair, madeAt: Date): string {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${TITLE}</title>
<style>
  body { font: 12pt/1.5 sans-serif; max-width: 16cm; margin: 2cm auto; padding: 0 1em; color: #000; background: #fff }
  code { display: block; font: 13pt/1.6 monospace; overflow-wrap: anywhere; border: 1px solid #000; padding: .5em }
  code span { display: inline-block; margin-right: .6em }
  svg { display: block; width: 7cm; height: 7cm; margin: 1em 0 }
  small { color: #444; overflow-wrap: anywhere }
</style>
<h1>${TITLE}</h1>
<p>${ABOUT.slice(0, 2).map(escaped).join('<br>')}</p>
${renderSVG(key.identity, { border: QR_BORDER })}
<code>${inGroups(key.identity)}</code>
<p>${ABOUT.slice(2).map(escaped).join('<br>')}</p>
<p><small>Made ${formatMinute(madeAt)} · public key ${key.recipient}</small></p>
</html>
`;
}
