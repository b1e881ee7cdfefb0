/** One element of DER: its tag and its content. */
export type Element = { tag: number; body: Buffer };

export const SEQUENCE = 0x30;
/** Context-specific and constructed, such as `[0]`. */
export const contextTag = (number: number) => 0xa0 + number;

/** Encodes one element around its content (X.690 §8.1). */
export function encode(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  const bytes = Math.ceil(Math.log2(length + 1) / 8);
  const head = Buffer.alloc(2 + bytes);
  head[0] = tag;
  head[1] = 0x80 + bytes;
  head.writeUIntBE(length, 2, bytes);
  return Buffer.concat([head, body]);
}

/** The elements of a content, one after the other. Throws RangeError where it ends too early. */
export function decode(content: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < content.length; ) {
    const first = content.readUInt8(at + 1);
    const bytes = first < 0x80 ? 0 : first - 0x80;
    const length = bytes === 0 ? first : content.readUIntBE(at + 2, bytes);
    const start = at + 2 + bytes;
    if (start + length > content.length) throw new RangeError('The element ends too early.');
    found.push({ tag: content.readUInt8(at), body: content.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
