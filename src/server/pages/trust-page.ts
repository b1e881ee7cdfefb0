import type { Names } from '../../tls/names.ts';
import { addressOf, hostNameOf, isOnlyHere, reachableName } from './addresses.ts';
import { command, escapeHtml, type Page, qrSvg } from './page.ts';

export type TrustPage = {
  /** As the browser calls this server, with or without a port. */
  host: string;
  authority: { fingerprint: string };
  names: Names;
  httpsPort: number;
  /** The port of plain HTTP; undefined where the page is read over HTTPS. */
  plainPort: number | undefined;
};

/** Where the https addresses of the page lead: to this page, which says there that all is well. */
const OPEN_PATH = '/ca';
/** What it is saved as: Windows and Android know a certificate by this ending. */
const FILE = 'smoocho-ca.crt';

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

export function trustPage({ host, authority, names, httpsPort, plainPort }: TrustPage): Page {
  const asked = hostNameOf(host);
  const secure = addressOf('https', reachableName(asked, names), httpsPort);
  const plainName = isOnlyHere(asked) ? reachableName(asked, names) : asked;
  const here =
    plainPort === undefined
      ? '<p class="note">You read this over HTTPS. If the browser did not warn you on the way, this device is done.</p>'
      : `<h2>On another device</h2><p>Scan this there to open this page.</p>${qrSvg(`${addressOf('http', plainName, plainPort)}/ca`)}`;
  const body = `<p>Once on each device. After that its browser opens the shop’s server over HTTPS without a warning, and tills can go on
selling while the network is away.</p>
<h2>1. Get the certificate</h2>
<p><a class="button" href="/ca.pem" download="${FILE}">Get the certificate</a></p>
<p>It is good for this shop’s own names and for private networks, and for no site on the internet. What it shows as its SHA-256
fingerprint has to be what ${command('smoocho start')} printed:</p>
<p><code>${authority.fingerprint}</code></p>
<h2>2. Let the device trust it</h2>
${SYSTEMS.map(details).join('\n')}
<h2>3. Open the shop’s server</h2>
<p><a href="${escapeHtml(secure + OPEN_PATH)}">${escapeHtml(secure)}</a></p>
<p>Or scan this address:</p>
${qrSvg(secure + OPEN_PATH)}
${here}`;
  return { title: 'Trust this shop’s server', body };
}
