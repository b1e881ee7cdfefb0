import type { Reached } from './addresses.ts';
import { command, escapeHtml, type Page } from './page.ts';

/** `unknown`: the database does not answer. */
export type SetUpProgress = 'open' | 'done' | 'unknown';

/** What whoever opens the server's address sees. Nobody is signed in here: no version, and nothing of the shop. */
export function homePage(state: SetUpProgress, reached: Reached): Page {
  return {
    title: 'Smoocho',
    body: `<p>A point of sale that the shop owns. This is its server, and it runs.</p>
${partOf(state)}
${httpsPart(reached)}
<h2>For programs</h2>
<p>The API is under <code>/api</code>. <a href="/api/openapi.json">Its reference</a> is a document of OpenAPI 3.1;
<a href="/healthz">/healthz</a> says whether the server runs, <a href="/readyz">/readyz</a> whether it can sell.</p>`,
  };
}

function partOf(state: SetUpProgress): string {
  if (state === 'open')
    return `<h2>Set the shop up</h2>
<p>There is no shop here yet. Open the link that ${command('smoocho start')} printed on the server: it works once, and makes the
shop and its owner. Or run ${command('smoocho init')} there.</p>`;
  if (state === 'unknown')
    return `<p class="note">Its database does not answer now, so nothing can be sold. On the server, ${command('smoocho status')}
says more.</p>`;
  return `<h2>Pair a till</h2>
<p>Run this on the server, and scan the square that it shows with the device:
<br>${command('smoocho device pair --name "Till 1"')}</p>
<p>Where there are several shops, say which one it is for: add <code>--shop CODE</code>.</p>
<p><a href="/pair">What to do with the code</a></p>`;
}

function httpsPart({ isSecure, secure, hasAuthority }: Reached): string {
  if (isSecure) return '<h2>HTTPS</h2>\n<p>You read this over HTTPS: what you send is safe on its way.</p>';
  if (!secure) return '';
  const trust = hasAuthority
    ? '<a href="/ca">Let this device trust the server</a>, once; after that its browser opens'
    : 'Open it over HTTPS at';
  return `<h2>HTTPS</h2>
<p>Over plain HTTP, others in this network can listen. ${trust}
<a href="${escapeHtml(secure)}/">${escapeHtml(secure)}</a> without a warning.</p>`;
}
