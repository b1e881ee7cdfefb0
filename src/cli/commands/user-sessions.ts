import type { SessionView } from '../../contract/auth.ts';
import { listSessions } from '../../core/auth/sessions.ts';
import { listShopsOf } from '../../core/shops/find-shops.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';
import { clockIn } from '../output/clock.ts';
import { table } from '../output/table.ts';

export const userSessions: Command = {
  name: 'user sessions',
  summary: 'List where somebody is signed in',
  options: [EMAIL_OPTION],
  example: 'smoocho user sessions --email asha@example.com',
  async run(shell, { email }) {
    await shell.withApp(async (app) => {
      const em = app.orm.em.fork();
      const user = await findUserByEmail(em, email as string);
      const sessions = await listSessions({ app, em }, user.id, null);
      const [shop] = await listShopsOf(em, user);
      const none = `${user.name} is signed in nowhere.`;
      shell.show(sessions.length === 0 ? none : readable(sessions, shop?.timezone ?? 'UTC'));
      shell.give(sessions);
    });
    return undefined;
  },
};

function readable(sessions: SessionView[], timezone: string): string {
  const clock = clockIn(timezone);
  return table(sessions, [
    { title: 'device', value: (session) => session.deviceName ?? '' },
    { title: 'address', value: (session) => session.address ?? '' },
    { title: 'signed in', value: (session) => clock(session.createdAt) },
    { title: 'last seen', value: (session) => clock(session.lastSeenAt) },
    { title: 'ends', value: (session) => clock(session.expiresAt) },
    { title: 'id', value: (session) => session.id },
  ]);
}
