import { styleText } from 'node:util';

/**
 * White on black whatever the terminal's own colours are, such as for a code to scan. Colours go by `styleText` alone: it leaves them
 * out with NO_COLOR, on a dumb terminal and off a terminal, and FORCE_COLOR puts them back.
 */
export const whiteOnBlack = (line: string): string => styleText(['whiteBright', 'bgBlack'], line);
