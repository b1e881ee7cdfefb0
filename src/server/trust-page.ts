import { createHash } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { renderSVG } from 'uqr';

export type TrustPage = {
  /** As the browser calls this server, with or without a port. */
  host: string;
  authority: { fingerprint: string };
  names: { dns: string[]; addresses: string[] };
  httpsPort: number;
  /** The port of plain HTTP; undefined where the page is read over HTTPS. */
  plainPort: number | undefined;
};

/** Where the https addresses of the page lead: to this page, which says there that all is well. */
const OPEN_PATH = '/ca';
/** What it is saved as: Windows and Android know a certificate by this ending. */
const FILE = 'smoocho-ca.crt';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1rem; max-width: 38rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
a.button { display: inline-block; padding: .75rem 1.25rem; border-radius: .5rem; background: #0b57d0; color: #fff; text-decoration: none; }
details { border-top: 1px solid #8888; }
details:last-of-type { border-bottom: 1px solid #8888; }
summary { padding: .75rem 0; font-weight: 600; cursor: pointer; }
code { font: .875rem/1.5 ui-monospace, monospace; }
.note { padding: .75rem 1rem; border-radius: .5rem; background: #8882; }
svg { display: block; width: 12rem; height: 12rem; }
`;

/** The page has its one style and nothing else: no script, no form, nothing from elsewhere. */
export const trustPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** How to install a root, by system; each step is HTML. */
const SYSTEMS: [system: string, steps: string[]][] = [
  [
    'Android',
    [
      'Tap the button above; the file is kept under Downloads.',
      'Open Settings and search for <b>CA certificate</b> (in most: Security &amp; privacy, More security settings, Encryption &amp; credentials, Install a certificate).',
      `Choose <b>CA certificate</b>, <b>Install anyway</b>, and the file <code>${FILE}</code>.`,
      'Use Chrome. Android may remind you that the network could be watched; this certificate is for this shop alone.',
    ],
  ],
  [
    'iPhone and iPad',
    [
      'Open this page in Safari, tap <a href="/ca.pem">the certificate</a>, and allow the profile.',
      'Settings, <b>Profile Downloaded</b>, Install.',
      'Settings, General, About, <b>Certificate Trust Settings</b>: switch on the one that is called Smoocho. Without this step nothing changes.',
    ],
  ],
  [
    'Windows',
    [
      `Press the button above and open <code>${FILE}</code>.`,
      '<b>Install Certificate</b>, Local Machine, <b>Place all certificates in the following store</b>, Browse, <b>Trusted Root Certification Authorities</b>.',
      `Or, as an administrator: <code>certutil -addstore Root ${FILE}</code>`,
      'Close the browser and open it again.',
    ],
  ],
  [
    'macOS',
    [
      `Press the button above and open <code>${FILE}</code>: Keychain Access takes it.`,
      'Find the one that is called Smoocho, open it, <b>Trust</b>, When using this certificate: <b>Always Trust</b>.',
      `Or: <code>sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${FILE}</code>`,
    ],
  ],
  [
    'Linux',
    [
      `Programs (Debian, Ubuntu): <code>sudo cp ${FILE} /usr/local/share/ca-certificates/ &amp;&amp; sudo update-ca-certificates</code>`,
      `Chromium and Chrome: <code>mkdir -p ~/.pki/nssdb &amp;&amp; certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Smoocho -i ${FILE}</code>`,
      'Firefox: Settings, Privacy &amp; Security, View Certificates, Authorities, Import.',
    ],
  ],
];

const details = ([system, steps]: [string, string[]]) =>
  `<details><summary>${system}</summary><ol>${steps.map((step) => `<li>${step}</li>`).join('')}</ol></details>`;

/** The whole page, as HTML. */
export function trustPage({ host, authority, names, httpsPort, plainPort }: TrustPage): string {
  const asked = hostNameOf(host);
  const secure = addressOf('https', reachableName(asked, names), httpsPort);
  const plainName = isOnlyHere(asked) ? reachableName(asked, names) : asked;
  const here =
    plainPort === undefined
      ? '<p class="note">You read this over HTTPS. If the browser did not warn you on the way, this device is done.</p>'
      : `<h2>On another device</h2><p>Scan this there to open this page.</p>${qr(`${addressOf('http', plainName, plainPort)}/ca`)}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trust this shop’s server</title>
<style>${STYLE}</style>
<h1>Trust this shop’s server</h1>
<p>Once on each device. After that its browser opens the shop’s server over HTTPS without a warning, and tills can go on
selling while the network is away.</p>
<h2>1. Get the certificate</h2>
<p><a class="button" href="/ca.pem" download="${FILE}">Get the certificate</a></p>
<p>It is good for this shop’s own names and for private networks, and for no site on the internet. What it shows as its SHA-256
fingerprint has to be what <code>smoocho start</code> printed:</p>
<p><code>${authority.fingerprint}</code></p>
<h2>2. Let the device trust it</h2>
${SYSTEMS.map(details).join('\n')}
<h2>3. Open the shop’s server</h2>
<p><a href="${escapeHtml(secure + OPEN_PATH)}">${escapeHtml(secure)}</a></p>
<p>Or scan this address:</p>
${qr(secure + OPEN_PATH)}
${here}
</html>
`;
}

const qr = (text: string) => renderSVG(text, { border: 4 });

const addressOf = (scheme: string, name: string, port: number) =>
  `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`;

/** The name of a host without its port and its last dot; of IPv6 the address. */
const hostNameOf = (host: string): string =>
  URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
    : '';

/** Other devices would reach themselves. */
const isOnlyHere = (name: string) =>
  name === '' || name === 'localhost' || name === '::1' || name.startsWith('127.');

/** What the page was asked by if the certificate has it; else a name or address that it has and others can use. */
function reachableName(asked: string, { dns, addresses }: TrustPage['names']): string {
  const others = [...addresses, ...dns].filter((name) => !isOnlyHere(name));
  if (others.includes(asked)) return asked;
  const byAddress = others.find((name) => isIP(name) === 4);
  return byAddress ?? others.find((name) => name.endsWith('.local')) ?? others[0] ?? 'localhost';
}
