import { z } from 'zod';
import { Id } from './primitives.ts';
import { Product, productParams } from './products.ts';
import { defineRoute } from './route.ts';

/** Size limit of an upload: a phone's photo has half of it. */
export const MAX_IMAGE_BYTES = 8 * 1024 * 1024;

/** The widths in which each image is available. */
export const imageWidths = [160, 480, 1200] as const;
export type ImageWidth = (typeof imageWidths)[number];

/** Changes the width in a product's `imageUrl` (480): 160 for a menu of small tiles, 1200 for a display. */
export const imageUrlIn = (imageUrl: string, width: ImageWidth) =>
  imageUrl.replace(/-480(?=\.webp)/, `-${width}`);

/** Accepted Content-Types; the format itself is detected from the bytes. */
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/gif'] as const;

export const setProductImage = defineRoute({
  name: 'setProductImage',
  summary: 'Give a product a picture: JPEG, PNG, WebP, AVIF or GIF, alone or as the one file of a form',
  method: 'put',
  path: '/api/shops/:shopId/products/:productId/image',
  permission: 'manager',
  params: productParams,
  file: IMAGE_TYPES,
  maxBodyBytes: MAX_IMAGE_BYTES,
  responses: { 200: Product },
  problems: ['not_found', 'image_refused', 'images_unavailable'],
});

export const removeProductImage = defineRoute({
  name: 'removeProductImage',
  summary: 'Take the picture of a product away',
  method: 'delete',
  path: '/api/shops/:shopId/products/:productId/image',
  permission: 'manager',
  params: productParams,
  responses: { 200: Product },
  problems: ['not_found'],
});

export const ImageName = z
  .string()
  .regex(/^[0-9a-f]{64}-(160|480|1200)\.webp$/, 'is not the name of a picture');

export const getImage = defineRoute({
  name: 'getImage',
  summary: "A picture, by a product's `imageUrl`: whoever has the address may read it",
  method: 'get',
  path: '/api/images/:shopId/:key',
  permission: 'nobody',
  params: z.strictObject({ shopId: Id, key: ImageName }),
  query: z.strictObject({
    /** The signature; without it the response is `not_found`. The same for all widths of an image; does not expire. */
    s: z.string().max(64).optional(),
  }),
  answersWith: 'image/webp',
  /** 206: the part for `Range`; 302: redirect to where images are served directly; 304: the client's copy is current. */
  responses: { 200: null, 206: null, 302: null, 304: null },
  problems: ['not_found', 'range_not_satisfiable', 'images_unavailable'],
});
