import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from 'koa';
import { koaBody } from 'koa-body';
import { ownAsAround } from '../config.ts';
import { fieldProblem, ProblemError } from '../contract/problem.ts';
import { maxBodyBytesOf, type Route } from '../contract/route.ts';

export { sweepUploads, uploadsFolder } from '../core/images/left-uploads.ts';

/** An uploaded file, on disk until the response is made. */
export type Upload = { path: string; sizeBytes: number; remove(): Promise<void> };

/** The only field a form may have. */
const FIELD = 'file';
/** Allowance for a form's headers and two boundaries around the file. */
const FORM_BYTES = 4 * 1024;
/**
 * Streams a request's file into a folder of its own, so that a slow upload holds only its connection and some disk space.
 * Throws `unsupported_media_type`, `body_too_large`, `invalid_request`, `bad_request`, `images_unavailable`.
 */
export function fileReader(route: Route, folder: string): (ctx: Context) => Promise<Upload> {
  const maxBytes = maxBodyBytesOf(route);
  const types = [...(route.file ?? [])];
  return async (ctx) => {
    const isForm = Boolean(ctx.is('multipart/form-data'));
    if (
      !/^(identity)?$/i.test(ctx.get('content-encoding')) ||
      !(isForm || ctx.is(...types, 'image/*', 'application/octet-stream'))
    ) {
      const detail = `Send the file itself with its Content-Type, such as ${types[0]}, or a form (multipart/form-data) with one file in the field ${FIELD}.`;
      throw new ProblemError('unsupported_media_type', { detail });
    }
    const most = isForm ? maxBytes + FORM_BYTES : maxBytes;
    if (Number(ctx.get('content-length')) > most) throw tooLarge(maxBytes);
    const own = await makeFolder(folder);
    const remove = () => rm(own, { recursive: true, force: true }).catch(() => {});
    try {
      const path = join(own, 'file');
      const sizeBytes = isForm
        ? await receiveForm(ctx, own, maxBytes)
        : await receiveBody(ctx, path, maxBytes);
      if (sizeBytes === 0) throw fieldProblem('invalid_request', `/${FIELD}`, 'is empty');
      return { path, sizeBytes, remove };
    } catch (error) {
      // Drain the rest of the body, or the connection could not serve its next request.
      ctx.req.resume();
      await remove();
      throw diskProblem(error);
    }
  };
}

async function makeFolder(folder: string): Promise<string> {
  try {
    if (await mkdir(folder, { recursive: true, mode: 0o700 })) ownAsAround(folder);
    return await mkdtemp(join(folder, 'u-'));
  } catch (error) {
    // Nothing of the request was read yet, so any error is the disk's.
    throw keptNowhere((error as NodeJS.ErrnoException).code);
  }
}

async function receiveBody(ctx: Context, path: string, maxBytes: number): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  let sizeBytes = 0;
  try {
    // Keep the connection: the error response goes out while the rest of the body comes in.
    for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      await file.appendFile(chunk as Buffer);
    }
  } finally {
    await file.close();
  }
  return sizeBytes;
}

async function receiveForm(ctx: Context, folder: string, maxBytes: number): Promise<number> {
  const read = koaBody({
    multipart: true,
    json: false,
    text: false,
    urlencoded: false,
    parsedMethods: ['PUT', 'POST'] as never,
    formidable: {
      uploadDir: folder,
      // Ignores the sender's file name.
      filename: () => 'file',
      maxFiles: 1,
      maxFields: 1,
      maxFieldsSize: FORM_BYTES,
      maxFileSize: maxBytes,
      allowEmptyFiles: true,
      minFileSize: 0,
    },
    onError: (error) => {
      throw formProblem(error, maxBytes);
    },
  });
  await read(ctx, async () => {});
  const { files = {}, body } = ctx.request as { files?: Record<string, unknown>; body?: object };
  const names = [...Object.keys(files), ...Object.keys(body ?? {})];
  const other = names.find((name) => name !== FIELD);
  if (other !== undefined) throw fieldProblem('invalid_request', `/${FIELD}`, ALONE);
  const file = files[FIELD] as { size?: unknown } | undefined;
  if (typeof file?.size !== 'number')
    throw fieldProblem('invalid_request', `/${FIELD}`, 'is missing from the form');
  return file.size;
}

type FormError = Error & { code?: unknown; httpCode?: number };

/** https://github.com/node-formidable/formidable/blob/master/src/FormidableError.js */
function formProblem(error: FormError, maxBytes: number): Error {
  const { httpCode, code } = error;
  if (typeof code === 'string') return error;
  if (code === TOO_MANY_FILES)
    return fieldProblem('invalid_request', `/${FIELD}`, 'has to be the only file of the form');
  if (code === TOO_MANY_FIELDS) return fieldProblem('invalid_request', `/${FIELD}`, ALONE);
  if (httpCode === 413) return tooLarge(maxBytes);
  return new ProblemError('bad_request', { detail: 'The form can not be read to its end.' });
}

const ALONE = `has to be in a field named ${FIELD}, the only one of the form`;
const TOO_MANY_FILES = 1015;
const TOO_MANY_FIELDS = 1007;

const tooLarge = (maxBytes: number) =>
  new ProblemError('body_too_large', {
    detail: `The file is larger than ${maxBytes / 1024 / 1024} MiB. Make the picture smaller.`,
  });

const DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE']);

const keptNowhere = (code: string | undefined) =>
  new ProblemError('images_unavailable', {
    detail: `The server can not keep the file for the moment that it takes to read it (${code}).`,
  });

function diskProblem(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  if (error instanceof ProblemError || typeof code !== 'string') return error;
  if (DISK.has(code)) return keptNowhere(code);
  // The client disconnected: nobody reads this response.
  return new ProblemError('bad_request', { detail: 'The connection broke before the whole file was here.' });
}
