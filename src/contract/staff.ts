import { z } from 'zod';
import { Id } from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { NewUser, User, UserChange } from './users.ts';

const userParams = shopParams.extend({ userId: Id });

export const listUsers = defineRoute({
  name: 'listUsers',
  summary: 'The people of the shop, its owner among them, by name; those who were disabled too',
  method: 'get',
  path: '/api/shops/:shopId/users',
  permission: 'manager',
  params: shopParams,
  responses: { 200: z.strictObject({ data: z.array(User), nextCursor: z.null() }) },
  problems: ['not_found'],
});

export const createUser = defineRoute({
  name: 'createUser',
  summary: 'Add somebody to the staff; a manager adds cashiers, an owner anybody',
  method: 'post',
  path: '/api/shops/:shopId/users',
  permission: 'manager',
  repeat: 'key',
  params: shopParams,
  body: NewUser,
  responses: { 201: User },
  problems: ['not_found', 'forbidden', 'already_exists', 'too_busy'],
});

export const updateUser = defineRoute({
  name: 'updateUser',
  summary: 'Change, disable or enable somebody; a manager may with cashiers, an owner with anybody else',
  method: 'put',
  path: '/api/shops/:shopId/users/:userId',
  permission: 'manager',
  params: userParams,
  body: UserChange,
  responses: { 200: User },
  problems: ['not_found', 'forbidden', 'already_exists', 'version_conflict', 'too_busy'],
});

export const deleteUser = defineRoute({
  name: 'deleteUser',
  summary:
    'Disable somebody: signed out at once everywhere; their name stays on what they did. Who owns another shop leaves this one',
  method: 'delete',
  path: '/api/shops/:shopId/users/:userId',
  permission: 'manager',
  params: userParams,
  responses: { 200: User },
  problems: ['not_found', 'forbidden'],
});
