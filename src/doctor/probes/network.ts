import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer, isIPv6 } from 'node:net';
import type { Config } from '../../config.ts';

/**
 * A port that the settings name: free, one of our servers listens there, another program does, or it may not be used
 * (`code` says why, such as EACCES).
 */
export type PortFacts = {
  port: number;
  state: 'free' | 'ours' | 'taken' | 'refused';
  code: string | null;
};

export type NetworkFacts = {
  host: string;
  http: PortFacts;
  /** Null where HTTPS is off. */
  https: PortFacts | null;
  /** What `/readyz` of the server at the port answers; null where none of ours listens. */
  ready: { isReady: boolean; status: string } | null;
};

const ASK_MS = 3_000;
/** An answer of ours is smaller; another program's may have no end. */
const MAX_ANSWER = 10_000;

export async function readNetwork({ host, port, tls }: Config): Promise<NetworkFacts> {
  const http = await readPort(host, port, 'http');
  return {
    host,
    http,
    https: tls ? await readPort(host, tls.port, 'https') : null,
    ready: http.state === 'ours' ? await readReady(host, port) : null,
  };
}

/** Says who has a port of this machine. Takes three seconds at most. */
export async function readPort(host: string, port: number, scheme: Scheme): Promise<PortFacts> {
  // 0 is whatever is free.
  const code = port === 0 ? null : await tryToBind(host, port);
  if (code === null) return { port, state: 'free', code };
  if (code !== 'EADDRINUSE') return { port, state: 'refused', code };
  const answer = await ask(scheme, host, port, '/healthz');
  // Other programs have that body, too.
  const isOurs = answer?.body === '{"status":"ok"}' && answer.hasRequestId;
  return { port, state: isOurs ? 'ours' : 'taken', code };
}

/** The system's code when the port can't be had, else null. */
const tryToBind = (host: string, port: number) =>
  new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });

async function readReady(host: string, port: number): Promise<NetworkFacts['ready']> {
  const answer = await ask('http', host, port, '/readyz');
  if (!answer) return { isReady: false, status: 'it does not answer' };
  let status = 'it answers nonsense';
  try {
    status = String((JSON.parse(answer.body) as { status?: unknown }).status);
  } catch {
    // Said above.
  }
  return { isReady: answer.statusCode === 200, status };
}

type Scheme = 'http' | 'https';
type Answer = { statusCode: number; hasRequestId: boolean; body: string };

/** Null when nothing answers in time. The own certificate is not known to this machine, and nothing secret is asked. */
function ask(scheme: Scheme, host: string, port: number, path: string): Promise<Answer | null> {
  const isAny = host === '0.0.0.0' || host === '::';
  const hostname = isAny ? '127.0.0.1' : host;
  const options = {
    hostname,
    port,
    path,
    headers: { host: `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}` },
    signal: AbortSignal.timeout(ASK_MS),
    agent: false as const,
    ...(scheme === 'https' && { rejectUnauthorized: false }),
  };
  return new Promise((resolve) => {
    const asked = (scheme === 'https' ? httpsRequest : httpRequest)(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
        if (body.length > MAX_ANSWER) asked.destroy();
      });
      const hasRequestId = response.headers['x-request-id'] !== undefined;
      response.once('end', () => resolve({ statusCode: response.statusCode ?? 0, hasRequestId, body }));
      response.once('error', () => resolve(null));
    });
    asked.once('error', () => resolve(null));
    asked.end();
  });
}
