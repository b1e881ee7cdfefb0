import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type ProblemError, problemBody } from '../../contract/problem.ts';
import { securityHeadersFor } from './headers.ts';

/** Answers a problem where there is no answer to write it to, by hand, and hangs up. `more` are headers of this answer alone. */
export function answerRaw(socket: Duplex, problem: ProblemError, more: Record<string, string> = {}): void {
  const id = uuidv7();
  const body = problemBody(problem, id);
  const text = JSON.stringify(body);
  const { retryAfter } = problem.extra;
  const headers = {
    ...securityHeadersFor(),
    ...more,
    'X-Request-Id': id,
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(text)),
    Date: new Date().toUTCString(),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}\r\n${lines.join('')}\r\n${text}`, () =>
    socket.destroy(),
  );
}
