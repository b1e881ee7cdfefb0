import type { Context } from 'koa';
import { koaBody } from 'koa-body';
import { MAX_BODY_BYTES } from '../contract/hygiene.ts';
import { ProblemError } from '../contract/problem.ts';

const parseJson = koaBody({
  json: true,
  jsonLimit: MAX_BODY_BYTES,
  jsonStrict: false,
  text: false,
  urlencoded: false,
  multipart: false,
  parsedMethods: ['POST', 'PUT', 'DELETE'] as never,
  onError: (error) => {
    throw bodyProblem(error);
  },
});

/** The JSON body of a request. Throws `unsupported_media_type`, `invalid_json`, `body_too_large`. */
export async function readBody(ctx: Context): Promise<unknown> {
  const isEmpty = !ctx.request.length && !ctx.get('transfer-encoding');
  if (isEmpty) return {};
  if (!ctx.is('application/json')) {
    throw new ProblemError('unsupported_media_type', {
      detail: 'Send JSON, with Content-Type: application/json.',
    });
  }
  await parseJson(ctx, async () => {});
  return ctx.request.body;
}

type BodyError = Error & { status?: number; type?: string };

function bodyProblem(error: BodyError): Error {
  if (error.type === 'entity.too.large' || error.status === 413) {
    return new ProblemError('body_too_large', {
      detail: `The body is larger than ${MAX_BODY_BYTES / 1024} KiB.`,
    });
  }
  if (error.status === 415) {
    return new ProblemError('unsupported_media_type', {
      detail: 'Send UTF-8, and no unusual content encoding.',
    });
  }
  if (error instanceof SyntaxError || error.status === 400) {
    return new ProblemError('invalid_json', {
      detail: 'The body is not valid JSON.',
      errors: [{ pointer: '', detail: error.message.slice(0, 200) }],
    });
  }
  return error;
}
