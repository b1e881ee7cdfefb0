import { setTimeout as sleep } from 'node:timers/promises';

const ESC = '\u001b[';
/** The other screen of the terminal: what was there before is there again at the end. */
const ENTER = `${ESC}?1049h${ESC}?25l`;
const LEAVE = `${ESC}?25h${ESC}?1049l`;
const HOME = `${ESC}H`;
const CLEAR_LINE = `${ESC}K`;
const CLEAR_BELOW = `${ESC}J`;

type Terminal = Pick<NodeJS.WriteStream, 'write' | 'rows'>;

/**
 * Draws what `draw` gives each `everyMs` until `stopped` is aborted. Each line is written over the one before and its rest
 * cleared, in one write, so that nothing flickers. The last row has `footer`; what does not fit above it is cut. Gives the screen
 * back at once, and then waits for a `draw` that is at work: what it opens could not be closed otherwise.
 */
export async function showLive(
  terminal: Terminal,
  {
    draw,
    footer,
    everyMs,
    stopped,
  }: {
    draw(): Promise<string>;
    footer(): string;
    everyMs: number;
    stopped: AbortSignal;
  },
): Promise<void> {
  const ended = new Promise<null>((resolve) =>
    stopped.addEventListener('abort', () => resolve(null), { once: true }),
  );
  let drawing: Promise<string> | undefined;
  terminal.write(ENTER);
  try {
    while (!stopped.aborted) {
      drawing = draw();
      const text = await Promise.race([drawing, ended]);
      if (text === null) return;
      terminal.write(frame(text, footer(), terminal.rows));
      await sleep(everyMs, undefined, { signal: stopped }).catch(() => {});
    }
  } finally {
    terminal.write(LEAVE);
    await drawing?.catch(() => {});
  }
}

/** A terminal that doesn't tell its height. */
const USUAL_ROWS = 24;

/** One drawing of a screen of `rows`. */
export function frame(text: string, footer: string, rows: number): string {
  const height = (rows || USUAL_ROWS) - 2;
  const lines = text.split('\n');
  const shown = lines.length > height ? [...lines.slice(0, height - 1), '…'] : lines;
  const body = [...shown, ''].map((line) => `${line}${CLEAR_LINE}\r\n`).join('');
  return `${HOME}${body}${footer}${CLEAR_LINE}${CLEAR_BELOW}`;
}
