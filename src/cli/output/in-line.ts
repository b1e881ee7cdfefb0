/**
 * What moves the cursor, breaks the line or turns the order of letters around, without being a letter: controls, separators
 * of lines and paragraphs, and marks of direction (Unicode's Bidi_Control, and what it had before). Joiners stay, for Indian
 * scripts need them, and so do the parts of flags and faces.
 */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u206F\uFFF9-\uFFFB]/gu;

/**
 * A text that somebody typed in, as it may stand in a line on a terminal: it neither erases what is before it nor begins a
 * line of its own. What is not seen shows as `·`.
 */
export const inLine = (text: string): string => text.replace(UNSEEN, '·');

/** The same for text of several lines, whose breaks are the program's own. */
export const inLines = (text: string): string => text.split('\n').map(inLine).join('\n');

/** Some lines each, with an empty one between them. */
export const paragraphs = (some: string[][]): string[] =>
  some.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
