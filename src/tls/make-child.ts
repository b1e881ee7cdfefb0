import { type KeyAndCertificate, makeAuthority, makeLeaf } from './make-certificates.ts';
import type { Names } from './names.ts';

/** What to make; `now` is in milliseconds since 1970. */
export type MakeTask =
  | { what: 'authority'; domains: string[]; now: number }
  | { what: 'leaf'; authority: KeyAndCertificate; names: Names; now: number };

const make = (task: MakeTask): Promise<KeyAndCertificate> =>
  task.what === 'authority'
    ? makeAuthority(task.domains, new Date(task.now))
    : makeLeaf(task.authority, task.names, new Date(task.now));

// Makes what it is sent, sends it back, and ends. A fault ends it, too, with its message on stderr.
process.once('message', async (task: MakeTask) => {
  const { certificate, key } = await make(task);
  process.send?.({ certificate, key }, () => process.disconnect());
});
