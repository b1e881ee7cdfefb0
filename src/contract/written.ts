import { z } from 'zod';

export type JsonSchema = { [keyword: string]: unknown };

/**
 * How schemas that change what they take (text to an amount, small letters to capitals) are written in OpenAPI: what a
 * transformation takes is something that zod can't know. A refinement of one is written the same.
 */
export const written = z.registry<JsonSchema>();
