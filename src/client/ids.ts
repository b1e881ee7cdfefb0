let lastMs = 0;
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562 §5.7), which sorts by time, and within a millisecond by a counter (§6.2). Not
 * `crypto.randomUUID`: browsers have that on https and localhost only, and many a till is a tablet at http://192.168.….
 */
export function newId(now: number): string {
  counter = now > lastMs ? 0 : (counter + 1) % 0x1000;
  lastMs = Math.max(now, lastMs + (now <= lastMs && counter === 0 ? 1 : 0));
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(lastMs / 256 ** (5 - i)) % 256;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
