import { Readable } from 'node:stream';
import type Router from '@koa/router';
import type { Context } from 'koa';
import type { App } from '../../app.ts';
import * as contract from '../../contract/images.ts';
import { ProblemError } from '../../contract/problem.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { isSigned } from '../../core/images/image-address.ts';
import { removeProductImage, setProductImage } from '../../core/images/set-image.ts';
import { type Answer, mount } from '../mount.ts';

export function mountImages(router: Router, app: App): void {
  mount(router, app, contract.setProductImage, async ({ em, actor, params, body }) => {
    const context = { app, em, actor };
    const product = await setProductImage(context, params.shopId, params.productId, body.path);
    return { body: viewProduct(product, app.keys) };
  });

  mount(router, app, contract.removeProductImage, async ({ em, actor, params }) => ({
    body: viewProduct(
      await removeProductImage({ app, em, actor }, params.shopId, params.productId),
      app.keys,
    ),
  }));

  mount(router, app, contract.getImage, async ({ params: { shopId, key }, query, http: ctx }) => {
    const [hash = ''] = key.split('-');
    if (!isSigned(app.keys, shopId, hash, query.s ?? '')) throw missing();
    const etag = `"${key.replace('.webp', '')}"`;
    // The ETag identifies the content, so the file isn't read.
    if (isKnown(ctx.get('if-none-match'), etag)) return { status: 304, headers: headersOf(etag) };
    const elsewhere = await app.images.addressOf(methodOf(ctx), `${shopId}/${key}`);
    if (elsewhere) return { status: 302, body: '', headers: { ...TO_ELSEWHERE, Location: elsewhere } };
    return await sendFile(app, ctx, `${shopId}/${key}`, etag);
  });
}

const missing = () => new ProblemError('not_found', { detail: 'There is no such picture.' });
const methodOf = (ctx: Context) => (ctx.method === 'HEAD' ? 'HEAD' : 'GET');

const TYPE = 'image/webp';
/** A year, the usual maximum: what is at a picture's URL never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';
/** A signed URL is valid for at least six days when it is issued. */
const TO_ELSEWHERE = {
  'Cache-Control': 'public, max-age=86400',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

/** Any site may embed a picture whose URL it has; `nosniff` and the script policy are set on every response. */
const headersOf = (etag: string) => ({
  'Cache-Control': FOR_EVER,
  'Cross-Origin-Resource-Policy': 'cross-origin',
  ETag: etag,
  'Accept-Ranges': 'bytes',
});

/** RFC 9110 §13.1.2: a list of tags, weak or strong, or a star. */
const isKnown = (header: string, etag: string) =>
  header.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));

async function sendFile(app: App, ctx: Context, key: string, etag: string): Promise<Answer> {
  const { reader } = app.images;
  const headers = { ...headersOf(etag), 'Content-Type': TYPE };
  const wanted = rangeOf(ctx, etag);
  if (ctx.method === 'HEAD' || wanted) {
    const found = await reader.stat(key);
    if (!found) throw missing();
    const { sizeBytes } = found;
    const whole = { ...headers, 'Content-Length': String(sizeBytes) };
    if (!wanted) return { status: 200, body: Readable.from([]), headers: whole };
    const range = wanted(sizeBytes);
    if (!range) throw unsatisfiable(ctx, sizeBytes);
    const file = await reader.get(key, range);
    if (!file) throw missing();
    const { start, end } = range;
    const part = {
      'Content-Range': `bytes ${start}-${end}/${sizeBytes}`,
      'Content-Length': String(end - start + 1),
    };
    return { status: 206, body: file.body, headers: { ...headers, ...part } };
  }
  const file = await reader.get(key);
  if (!file) throw missing();
  return { status: 200, body: file.body, headers: { ...headers, 'Content-Length': String(file.sizeBytes) } };
}

function unsatisfiable(ctx: Context, sizeBytes: number): ProblemError {
  ctx.set('Content-Range', `bytes */${sizeBytes}`);
  return new ProblemError('range_not_satisfiable', { detail: `The picture has ${sizeBytes} bytes.` });
}

type Range = { start: number; end: number };

/**
 * Returns a function from size to the one requested range, or null if unsatisfiable. Undefined: send the whole file, also for
 * several ranges, other units or another version (RFC 9110 §14.2, §13.1.5).
 */
function rangeOf(ctx: Context, etag: string): ((sizeBytes: number) => Range | null) | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(ctx.get('range')) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const ifRange = ctx.get('if-range');
  if (ctx.method !== 'GET' || (ifRange !== '' && ifRange !== etag)) return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return (sizeBytes) => {
    const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
    const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
    return start < sizeBytes ? { start, end } : null;
  };
}
