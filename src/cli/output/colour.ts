import { styleText } from 'node:util';

/**
 * White on black whatever the terminal's own colours are, such as for a code to scan. Colours go by `styleText` alone: it leaves them
 * out with NO_COLOR, on a dumb terminal and off a terminal, and FORCE_COLOR puts them back.
 */
export const whiteOnBlack = (line: string): string => styleText(['whiteBright', 'bgBlack'], line);

/** As NO_COLOR=1 does, for `styleText` and inquirer, which ask for it at each text. */
export function turnColoursOff(): void {
  process.env.NO_COLOR = '1';
  delete process.env.FORCE_COLOR;
}
