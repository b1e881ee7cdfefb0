import { timingSafeEqual } from 'node:crypto';
import type { Keys } from '../keys/keys.ts';

export type ImageKeys = Pick<Keys, 'hmac'>;

/** 128 bits, which nobody guesses. */
const SIGNATURE_BYTES = 16;
/** The one of the three that the product's `imageUrl` names. */
const USUAL_WIDTH = 480;

const sign = (keys: ImageKeys, shopId: string, hash: string): Buffer =>
  keys.hmac('image', shopId, hash).subarray(0, SIGNATURE_BYTES);

/** Where a picture is to be had, on any server of this installation. The signature is the same for all widths. */
export const imageUrlOf = (keys: ImageKeys, shopId: string, hash: string): string =>
  `/api/images/${shopId}/${hash}-${USUAL_WIDTH}.webp?s=${sign(keys, shopId, hash).toString('base64url')}`;

/** Whether an address with this signature was given out for this picture. Takes as long for any wrong one. */
export function isSigned(keys: ImageKeys, shopId: string, hash: string, signature: string): boolean {
  const given = Buffer.from(signature, 'base64url');
  // Of several texts that mean the same bytes, one is right: caches would keep each.
  const isWritten = given.toString('base64url') === signature;
  return isWritten && given.length === SIGNATURE_BYTES && timingSafeEqual(given, sign(keys, shopId, hash));
}
