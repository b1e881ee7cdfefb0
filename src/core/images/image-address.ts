import { timingSafeEqual } from 'node:crypto';
import type { Keys } from '../keys/keys.ts';

export type ImageKeys = Pick<Keys, 'hmac'>;

/** 128 bits can't be guessed. */
const SIGNATURE_BYTES = 16;
/** The width in a product's `imageUrl`. */
const USUAL_WIDTH = 480;

const sign = (keys: ImageKeys, shopId: string, hash: string): Buffer =>
  keys.hmac('image', shopId, hash).subarray(0, SIGNATURE_BYTES);

/** Signed path of an image, valid on any server of this installation. All widths share the signature. */
export const imageUrlOf = (keys: ImageKeys, shopId: string, hash: string): string =>
  `/api/images/${shopId}/${hash}-${USUAL_WIDTH}.webp?s=${sign(keys, shopId, hash).toString('base64url')}`;

/** Whether the signature is valid for this image. Compares in constant time. */
export function isSigned(keys: ImageKeys, shopId: string, hash: string, signature: string): boolean {
  const given = Buffer.from(signature, 'base64url');
  // Accept only the canonical base64url: otherwise caches would store one image under several URLs.
  const isWritten = given.toString('base64url') === signature;
  return isWritten && given.length === SIGNATURE_BYTES && timingSafeEqual(given, sign(keys, shopId, hash));
}
