import { renderUnicodeCompact } from 'uqr';
import { whiteOnBlack } from './colour.ts';

/** Light modules around it, without which some cameras don't find it; the standard's four would fill a small screen. */
const BORDER = 2;

/** A QR code as lines. Its blocks are the light modules. On a terminal they are white on black whatever its own colours are. */
export function drawQr(content: string): string {
  const lines = renderUnicodeCompact(content, { border: BORDER }).split('\n');
  return lines.map(whiteOnBlack).join('\n');
}

/** Whether a terminal of this size shows it as a whole, with some lines of text below it. */
export function fitsQr(content: string, { columns = 80, rows = 24 }): boolean {
  const lines = renderUnicodeCompact(content, { border: BORDER }).split('\n');
  return (lines[0]?.length ?? 0) <= columns && lines.length + LINES_BESIDE <= rows;
}
const LINES_BESIDE = 6;
