import type { z } from 'zod';
import { text } from '../contract/primitives.ts';
import { Currency, ShopCode, TimeZone } from '../contract/shops.ts';
import { Email, OWNER_PASSWORD_MIN, Password } from '../contract/users.ts';
import { findPasswordFault } from '../core/auth/password-rules.ts';
import type { SetUpAnswers } from './set-up.ts';

/** Asks the owner the six questions that a shop needs. Each answer is checked where it is given. */
export async function askSetUp(): Promise<SetUpAnswers> {
  const { input, password } = await import('@inquirer/prompts');
  const ask = async <S extends z.ZodType<string>>(message: string, schema: S, suggestion?: string) =>
    schema.parse(
      await input({
        message,
        ...(suggestion ? { default: suggestion } : {}),
        validate: (value) => check(schema, value),
      }),
    );
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const name = await ask('What is your shop called?', text(255));
  const code = await ask(
    "Its code, 2 to 4 letters, in front of every bill's number",
    ShopCode,
    suggestCode(name),
  );
  const timezone = await ask('Its time zone', TimeZone, zone === 'UTC' ? 'Asia/Kolkata' : zone);
  const currency = await ask('Its currency', Currency, timezone === 'Asia/Kolkata' ? 'INR' : undefined);
  const owner = await ask('Your name', text(255));
  const email = await ask('Your e-mail, to sign in with', Email);
  const future = { role: 'owner', name: owner, email, shops: [{ name, code }] } as const;
  const checkPassword = async (value: string) => {
    if ([...value].length < OWNER_PASSWORD_MIN) return `It is shorter than ${OWNER_PASSWORD_MIN} characters.`;
    const malformed = Password.safeParse(value).error?.issues.at(-1)?.message;
    const fault = malformed ?? (await findPasswordFault(value, future));
    return fault === null || `It ${fault}.`;
  };
  const first = await password({
    message: `A password, at least ${OWNER_PASSWORD_MIN} characters`,
    mask: true,
    validate: checkPassword,
  });
  await password({
    message: 'The same once more',
    mask: true,
    validate: (value) => value === first || 'It differs.',
  });
  return { shop: { name, code, currency, timezone }, owner: { name: owner, email, password: first } };
}

function check(schema: z.ZodType, value: string): true | string {
  const result = schema.safeParse(value);
  return (
    result.success ||
    `"${value}" ${result.error.issues[0]?.message ?? 'is not right'}`.replace(/^"" /, 'This ')
  );
}

/** The first letters of the name's words, or its first letters. */
function suggestCode(name: string): string | undefined {
  const words = name.toUpperCase().match(/[A-Z]+/g) ?? [];
  const initials = words.map((word) => word[0]).join('');
  const code = (initials.length >= 2 ? initials : words.join('')).slice(0, 4);
  return code.length >= 2 ? code : undefined;
}
