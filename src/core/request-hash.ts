import { createHash } from 'node:crypto';

/** What a request said, to tell it from another one under the same id later. `body` is as its schema gives it. */
export const requestHashOf = (body: object) =>
  createHash('sha256').update(JSON.stringify(body)).digest('hex');
