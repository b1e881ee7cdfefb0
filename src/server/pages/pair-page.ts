import type { Reached } from './addresses.ts';
import { command, escapeHtml, type Page } from './page.ts';

/** The code stands behind the # of the address, which no browser sends: only a script on the page can show it. */
const SCRIPT = `
const code = decodeURIComponent(location.hash.slice(1)).toUpperCase().replace('-', '');
if (/^[0-9A-HJKMNP-TV-Z]{8}$/.test(code)) {
  const text = code.slice(0, 4) + '-' + code.slice(4);
  for (const place of document.querySelectorAll('.code')) place.textContent = text;
  for (const link of document.querySelectorAll('a[data-onward]')) link.hash = text;
  for (const part of document.querySelectorAll('[data-coded]')) part.hidden = part.dataset.coded === 'no';
}
`;

/** What the browser of a device shows that scanned a pairing code. */
export const pairPage = (reached: Reached): Page => ({
  title: 'Pair this device',
  script: SCRIPT,
  body: `<p data-coded="yes" hidden>The code of this device: <br><span class="code"></span></p>
<p data-coded="no">You need a pairing code, such as <code>7K2M-9XQD</code>. It stands under the square that
${command('smoocho device pair')} shows on the server.</p>
<p>It pairs one device, within ten minutes of being made.</p>
${stepsOf(reached)}`,
});

function stepsOf({ here, isSecure, secure, hasAuthority }: Reached): string {
  const program = `<p>Address <br><code>${escapeHtml(here)}</code></p>
<p data-coded="yes" hidden>Code <br><code class="code"></code></p>`;
  if (isSecure || !secure)
    return `<h2>Give both to the till</h2>\n<p>The till asks for them once.</p>\n${program}`;
  const trust = hasAuthority
    ? `<h2>1. Let the device trust the server</h2>
<p>Once on each device, or its browser would only show a warning. Then come back to this page.</p>
<p><a class="button" href="/ca">Trust the server</a></p>
<h2>2. Go on over HTTPS</h2>`
    : '<h2>Go on over HTTPS</h2>';
  return `${trust}
<p><a class="button" data-onward href="${escapeHtml(secure)}/pair">Go on over HTTPS</a></p>
<h2>Or in a till program</h2>
<p>One that is not a page in this browser asks for address and code.</p>
${program}`;
}
