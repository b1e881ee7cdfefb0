import { type IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import Koa, { type Context } from 'koa';
import { koaBody } from 'koa-body';
import { ProblemError } from '../contract/problem.ts';

const JSON_TYPE = 'application/json';
/** What a browser sends a form as. */
const FORM_TYPE = 'application/x-www-form-urlencoded';

const readerOf = (maxBytes: number, type = JSON_TYPE) =>
  koaBody({
    text: true,
    textTypes: [type],
    textLimit: maxBytes,
    // A character for each byte: what is not UTF-8 would otherwise be replaced, and a name changed unseen.
    encoding: 'latin1',
    json: false,
    urlencoded: false,
    multipart: false,
    parsedMethods: ['POST', 'PUT', 'DELETE'] as never,
    onError: (error, ctx) => {
      // What is left of the body is read and thrown away, or the connection would never see its next request.
      ctx.req.resume();
      throw bodyProblem(error, maxBytes);
    },
  });

/** Reads a body of our own: what the libraries load with the first one is there before somebody sends one. */
export async function loadBodyReader(): Promise<void> {
  const body = Buffer.from('{}');
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  const request = Object.assign(Readable.from([body]), { method: 'POST', url: '/', headers, socket: {} });
  const incoming = request as unknown as IncomingMessage;
  await bodyReader(body.length)(new Koa().createContext(incoming, new ServerResponse(incoming)));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the JSON body of a request, of at most so many bytes; once, however often it is asked. */
export function bodyReader(maxBytes: number): (ctx: Context) => Promise<unknown> {
  const readBytes = readerOf(maxBytes);
  return (ctx) => {
    ctx.state.body ??= readBody(ctx, readBytes);
    return ctx.state.body;
  };
}

/** Reads the fields of a form, of at most so many bytes; of a field that was sent twice, the last. Throws what bodies do. */
export function formReader(maxBytes: number): (ctx: Context) => Promise<Record<string, string>> {
  const readBytes = readerOf(maxBytes, FORM_TYPE);
  return async (ctx) => {
    requireType(ctx, FORM_TYPE, 'Send the form as the page has it.');
    await readBytes(ctx, async () => {});
    return Object.fromEntries(new URLSearchParams(ctx.request.body as string));
  };
}

/** The JSON body of a request. Throws `unsupported_media_type`, `invalid_json`, `body_too_large`. */
async function readBody(ctx: Context, readBytes: ReturnType<typeof readerOf>): Promise<unknown> {
  // Not `ctx.request.length`, which counts to 32 bits: 4 GiB would be nothing.
  const isEmpty = Number(ctx.get('content-length')) === 0 && !ctx.get('transfer-encoding');
  if (isEmpty) return {};
  requireType(ctx, JSON_TYPE, 'Send JSON in UTF-8, not compressed, with Content-Type: application/json.');
  await readBytes(ctx, async () => {});
  const bytes = Buffer.from(ctx.request.body as string, 'latin1');
  return bytes.length === 0 ? {} : parseJson(bytes);
}

/** Throws `unsupported_media_type`. A body of so few KiB gains nothing from compression, and a bomb needs it. */
function requireType(ctx: Context, type: string, detail: string): void {
  const isPlain = /^(identity)?$/i.test(ctx.get('content-encoding'));
  if (isPlain && ctx.is(type) && /^(utf-?8)?$/i.test(ctx.request.charset)) return;
  throw new ProblemError('unsupported_media_type', { detail });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    const detail = error instanceof SyntaxError ? placeOf(error) : 'is not UTF-8';
    throw new ProblemError('invalid_json', {
      detail: 'The body is not valid JSON.',
      errors: [{ pointer: '', detail }],
    });
  }
}

/** Where it is broken. The rest of what the parser says quotes what is around there, which may be a password. */
function placeOf({ message }: SyntaxError): string {
  const place = /position \d+/.exec(message)?.[0];
  if (place) return `is not JSON from ${place} on`;
  return /end of/i.test(message) ? 'ends too early' : 'is not JSON';
}

type BodyError = Error & { status?: number; type?: string };

function bodyProblem(error: BodyError, maxBytes: number): Error {
  if (error.type === 'request.aborted' || error.type === 'stream.not.readable') {
    return new ProblemError('invalid_json', {
      detail: 'The connection broke before the whole body was here.',
    });
  }
  if (error.type === 'entity.too.large' || error.status === 413) {
    return new ProblemError('body_too_large', {
      detail: `The body is larger than ${maxBytes / 1024} KiB.`,
    });
  }
  if (error.status === 400) {
    return new ProblemError('invalid_json', {
      detail: 'The body can not be read.',
      errors: [{ pointer: '', detail: error.message.slice(0, 200) }],
    });
  }
  return error;
}
