import { v7 as uuidv7 } from 'uuid';
import type { Login } from '../../src/contract/auth.ts';
import { ProblemError } from '../../src/contract/problem.ts';
import { signIn } from '../../src/core/auth/sign-in.ts';
import type { TestApp } from './app.ts';
import { PASSWORD } from './factories.ts';

export type Attempt = Partial<Login> & { email: string; address?: string | null };

/** Of the ranges that are there for examples (RFC 5737, RFC 3849). */
export const addressOf = (n: number) => `198.51.${100 + Math.floor(n / 250)}.${(n % 250) + 1}`;

/** A wrong password. */
export const WRONG = 'not the password';

/** Signs in from any address: `in`, `wait 4` (seconds), or the problem's code. */
export async function outcomeOf({ app }: Pick<TestApp, 'app'>, attempt: Attempt): Promise<string> {
  const { address = addressOf(0), email, password = PASSWORD, device } = attempt;
  try {
    await signIn({ app, em: app.orm.em.fork() }, { email, password, device }, address);
    return 'in';
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.code === 'too_many_requests' ? `wait ${error.extra.retryAfter}` : error.code;
  }
}

/** One after another. */
export async function outcomesOf(test: Pick<TestApp, 'app'>, attempts: Attempt[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const attempt of attempts) outcomes.push(await outcomeOf(test, attempt));
  return outcomes;
}

/** So many copies of somebody, whose password is the same: nothing is hashed for them. Gives their e-mails. */
export async function givenCopies({ database }: TestApp, email: string, count: number): Promise<string[]> {
  const client = await database.connect();
  const copies = Array.from({ length: count }, () => ({
    id: uuidv7(),
    email: `copy-${uuidv7()}@example.com`,
  }));
  await client.query(
    `INSERT INTO users (id, email, password_hash, name, role, shop_id)
     SELECT copy.id, copy.email, u.password_hash, u.name, u.role, u.shop_id
     FROM users u, unnest($2::uuid[], $3::text[]) AS copy (id, email) WHERE u.email = $1`,
    [email, copies.map(({ id }) => id), copies.map((copy) => copy.email)],
  );
  return copies.map((copy) => copy.email);
}

type SecurityRow = {
  chain_id: string;
  type: string;
  actor: { id: string | null; name: string };
  device_id: string | null;
  address: string | null;
  details: Record<string, unknown>;
};

/** What the security log has, oldest first. */
export async function securityLog({ database }: TestApp, type?: string): Promise<SecurityRow[]> {
  const client = await database.connect();
  const { rows } = await client.query(
    `SELECT chain_id, type, actor, device_id, address, details FROM security_log
     WHERE $1::text IS NULL OR type = $1 ORDER BY at, seq`,
    [type ?? null],
  );
  return rows;
}
