import { z } from 'zod';
import { Id } from './primitives.ts';
import { Product, productParams } from './products.ts';
import { defineRoute } from './route.ts';

/** Of a picture as it is sent: the photograph of a phone has half of it. */
export const MAX_IMAGE_BYTES = 8 * 1024 * 1024;

/** The widths that each picture can be had in. */
export const imageWidths = [160, 480, 1200] as const;
export type ImageWidth = (typeof imageWidths)[number];

/** A product's `imageUrl`, which is 480 wide, in another width: 160 for a menu of small tiles, 1200 for a display. */
export const imageUrlIn = (imageUrl: string, width: ImageWidth) =>
  imageUrl.replace(/-480(?=\.webp)/, `-${width}`);

/** What a picture is sent as; what it is, its bytes say. */
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
    /** The signature, without which there is nothing here. It is the same for all widths of a picture, and does not expire. */
    s: z.string().max(64).optional(),
  }),
  answersWith: 'image/webp',
  /** A part, when `Range` asks for one; elsewhere, where the pictures can be had directly; as the caller has it already. */
  responses: { 200: null, 206: null, 302: null, 304: null },
  problems: ['not_found', 'range_not_satisfiable', 'images_unavailable'],
});
