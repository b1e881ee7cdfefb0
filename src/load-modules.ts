import { loadCommonPasswords } from './core/auth/password-rules.ts';
import { loadPhoneLibrary } from './core/customers/phone.ts';
import type { Images } from './core/images/images.ts';

/**
 * Loads all code that a server runs later, before it serves: an upgrade replaces `dist` and `node_modules` under it, and what
 * is loaded after that is not there, or of another version. Commands load what they need when they need it, as before.
 * Each is loaded by the line that uses it later: Node looks for the file again where another line imports it.
 * Processes of their own are started from the disk: decoding pictures, making certificates, jobs of the schedule, PostgreSQL.
 */
export async function loadModules({ images }: { images: Pick<Images, 'load'> }): Promise<void> {
  loadPhoneLibrary();
  await Promise.all([loadCommonPasswords(), images.load()]);
}
