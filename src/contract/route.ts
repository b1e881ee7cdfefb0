import { z } from 'zod';
import { MAX_BODY_BYTES, MAX_STRANGER_BODY_BYTES } from './hygiene.ts';
import type { ProblemCode } from './problem.ts';
import type { Role } from './users.ts';

/**
 * Who may call a route. `nobody` needs no token, and one that is sent is ignored; `any` is any signed-in user; a role means
 * that role or a higher one, and where the path names a shop, the user's own shop. Other shops are 404, never 403.
 */
export type Permission = 'nobody' | 'any' | Role;

export type Method = 'get' | 'post' | 'put' | 'delete';

/**
 * How a repeated POST is made harmless: it takes an `Idempotency-Key` (`key`), or the ids in its body are kept for ever
 * (`id`), or it creates nothing that could exist twice (`nothing`). `secret`: no key, because its response holds a secret,
 * which must not be stored.
 */
export type Repeat = 'key' | 'id' | 'secret' | 'nothing';

/** Printable ASCII: a UUID, with quotes or without. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,200}$/;

/** One line of the route table. The server, OpenAPI, the typed client and the role tests all read it. */
export type Route = {
  name: string;
  summary: string;
  method: Method;
  path: string;
  permission: Permission;
  /** For permission `nobody`: an access token is read where one is sent, unless the body has this field. */
  tokenUnless?: string;
  /** Set for every POST and for no other method: the others are idempotent. */
  repeat?: Repeat;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Instead of JSON the body is a file of one of these media types: the whole body, or the one file of a form. */
  file?: readonly string[];
  /** The largest body, where it is not the usual one. */
  maxBodyBytes?: number;
  /** A list of the body that the action checks element by element: what is wrong within one is no fault of the others. */
  checkedOneByOne?: string;
  /** Media type of the response, if it is not JSON; `responses` then has no body. */
  answersWith?: string;
  /** Status → body; a handler that may answer with more than the lowest one says which. */
  responses: Record<number, z.ZodType | null>;
  /** Other formats of the same answer, chosen by `Accept`. */
  formats?: readonly string[];
  /** Problems beyond those that every route may answer. */
  problems: readonly ProblemCode[];
};

/** The largest body that a route takes. */
export const maxBodyBytesOf = ({ maxBodyBytes, permission }: Route): number =>
  maxBodyBytes ?? (permission === 'nobody' ? MAX_STRANGER_BODY_BYTES : MAX_BODY_BYTES);

/** Whether its body has a `version`, which `If-Match` may name instead. */
export const takesVersion = ({ body }: Route): boolean =>
  body instanceof z.ZodObject && 'version' in body.shape;

type Parsed<S> = S extends z.ZodType ? z.output<S> : Record<never, never>;
export type Params<R extends Route> = Parsed<R['params']>;
export type Query<R extends Route> = Parsed<R['query']>;
export type Body<R extends Route> = Parsed<R['body']>;

export const defineRoute = <const R extends Route>(route: R): R => route;

/** No key can be named in it. */
type Nothing = Record<never, never>;
type Part<Name extends string, S> = S extends z.ZodType
  ? Nothing extends z.input<S>
    ? { [N in Name]?: z.input<S> }
    : { [N in Name]: z.input<S> }
  : Nothing;

/** The file types that browsers and Node share. */
export type FileBody = Blob | Uint8Array<ArrayBuffer>;

/** What a route is called with: `params`, `query` and `body`, those that it has, as a caller writes them. */
export type CallInput<R extends Route> = Part<'params', R['params']> &
  Part<'query', R['query']> &
  (R['file'] extends readonly string[] ? { body: FileBody } : Part<'body', R['body']>);

/** The response body of a route: null without one, a Blob for a file. */
export type CallAnswer<R extends Route> = R['answersWith'] extends string
  ? Blob
  : {
      [S in keyof R['responses']]: R['responses'][S] extends z.ZodType ? z.output<R['responses'][S]> : null;
    }[keyof R['responses']];
