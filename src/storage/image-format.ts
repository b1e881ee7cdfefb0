/** Accepted image formats, by sharp's names. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif';

/** Bytes needed to detect the format. */
export const HEAD_BYTES = 512;

export const WHAT_WORKS = 'JPEG, PNG, WebP, AVIF and GIF work.';

const startsWith = (head: Buffer, text: string, at = 0) =>
  head.toString('latin1', at, at + text.length) === text;

/** Detects the format by the first bytes, whatever the file's name; or returns a sentence that says why it is not accepted. */
export function formatOf(head: Buffer): { format: ImageFormat } | { reason: string } {
  if (startsWith(head, '\xff\xd8\xff')) return { format: 'jpeg' };
  if (startsWith(head, '\x89PNG\r\n\x1a\n')) return { format: 'png' };
  if (startsWith(head, 'GIF87a') || startsWith(head, 'GIF89a')) return { format: 'gif' };
  if (startsWith(head, 'RIFF') && startsWith(head, 'WEBP', 8)) return { format: 'webp' };
  if (startsWith(head, 'ftyp', 4)) return byBrands(brandsOf(head));
  return { reason: `${knownAs(head)}. ${WHAT_WORKS}` };
}

/** The brands of an ISO base media file (ISO/IEC 14496-12 §4.3): the major brand, then the compatible ones. */
function brandsOf(head: Buffer): string[] {
  const end = Math.min(head.length, head.readUInt32BE(0));
  const brands = [head.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(head.toString('latin1', at, at + 4));
  return brands;
}

const HEIC = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']);

function byBrands(brands: string[]): { format: ImageFormat } | { reason: string } {
  if (brands.includes('avif') || brands.includes('avis')) return { format: 'avif' };
  if (brands.some((brand) => HEIC.has(brand)) || brands[0] === 'mif1' || brands[0] === 'msf1') {
    return {
      reason: `This is a HEIC picture, as iPhones take them, and it can not be read here. Send it as JPEG: on the iPhone, Settings, Camera, Formats, Most Compatible; or share it by e-mail, which makes it one. ${WHAT_WORKS}`,
    };
  }
  return { reason: `This is a film, not a picture. ${WHAT_WORKS}` };
}

/** Names what users upload instead. */
function knownAs(head: Buffer): string {
  const text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
    .toLowerCase();
  if (startsWith(head, '%PDF')) return 'This is a PDF, not a picture';
  if (startsWith(head, 'II*\0') || startsWith(head, 'MM\0*')) return 'TIFF can not be taken';
  if (startsWith(head, 'BM')) return 'BMP can not be taken';
  if (startsWith(head, '\xff\x0a') || startsWith(head, 'JXL ', 4)) return 'JPEG XL can not be taken';
  if (text.startsWith('<svg') || (text.startsWith('<?xml') && text.includes('<svg')))
    return 'SVG can not be taken';
  if (text.startsWith('<')) return 'This is a page of text, not a picture';
  return 'This is no picture that is known here';
}
