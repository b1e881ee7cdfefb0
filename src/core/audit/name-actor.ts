/** What a record says of who did it; whoever changed the record may have made anything of it. */
type Recorded = { kind?: unknown; name?: unknown; account?: unknown };

/** `Asha`, `schedule`, `asha on the command line`; undefined for nobody known. */
export function nameActor({ kind, name, account }: Recorded): string | undefined {
  if (typeof name !== 'string' || name === '') return undefined;
  if (kind !== 'system' || name !== 'cli') return name;
  // Records older than accounts have none.
  return typeof account === 'string' && account !== '' ? `${account} on the command line` : 'command line';
}
