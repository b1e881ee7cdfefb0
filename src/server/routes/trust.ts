import type Router from '@koa/router';
import { ProblemError } from '../../contract/problem.ts';
import type { Certificates } from '../../tls/certificates.ts';
import type { Caller } from '../edge/callers.ts';
import { sendPage } from '../pages/page.ts';
import { trustPage } from '../pages/trust-page.ts';

/** Where HTTPS is served with certificates of the installation's own. */
export type Trust = { certificates: Certificates; port(): number | undefined };

/** As browsers know a certificate for their store: iOS and Android offer to install it. */
const CERTIFICATE_TYPE = 'application/x-x509-ca-cert';

/** What a device needs to trust this server: the root, and a page that says what to do with it. Nobody signs in for it. */
export function mountTrust(router: Router, trust: Trust | undefined): void {
  router.get('/ca.pem', async (ctx) => {
    ctx.type = CERTIFICATE_TYPE;
    ctx.body = requireTrust(trust).authority.pem;
  });

  router.get('/ca', async (ctx) => {
    const { authority, names, port } = requireTrust(trust);
    const { hosts, protocol } = ctx.state.caller as Caller;
    const plainPort = protocol === 'https' ? undefined : ctx.req.socket.localPort;
    sendPage(ctx, trustPage({ host: hosts.at(-1) ?? '', authority, names, httpsPort: port, plainPort }));
  });
}

/** Throws `not_found` without HTTPS, or with a certificate from elsewhere, which devices trust already. */
function requireTrust(trust: Trust | undefined) {
  const port = trust?.port();
  const authority = trust?.certificates.authority;
  if (trust && authority && port !== undefined) {
    return { authority, port, names: trust.certificates.names() };
  }
  throw new ProblemError('not_found', {
    detail: 'This server makes no certificates: HTTPS is off, or has one from elsewhere.',
  });
}
