import { isIPv6 } from 'node:net';

/**
 * The network that one attacker has to themselves: an IPv4 address, or the /64 of an IPv6 one, of which everybody gets
 * 2^64 addresses at once.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1] as string;
  if (!isIPv6(address)) return address;
  const [start = '', end] = (address.split('%')[0] as string).split('::');
  const [head, tail] = [start, end ?? ''].map((part) => (part === '' ? [] : part.split(':'))) as [
    string[],
    string[],
  ];
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
