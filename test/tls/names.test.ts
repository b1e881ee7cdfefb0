import { hostname } from 'node:os';
import { expect } from 'chai';
import { currentNames } from '../../src/tls/names.ts';

describe('the names of a certificate', () => {
  const address = (text: string) => ({
    address: text,
    netmask: '',
    family: text.includes(':') ? ('IPv6' as const) : ('IPv4' as const),
    mac: '',
    internal: false,
    cidr: null,
    scopeid: 0,
  });

  it('are those that the server goes by, and its private addresses', () => {
    const interfaces = {
      lo: [address('127.0.0.1'), address('::1')],
      eth0: [address('192.168.1.20'), address('203.0.113.9'), address('fe80::1'), address('fd00::2')],
    };
    const allowedHosts = ['till.example', '10.0.0.8', 'under_score.example', '203.0.113.10'];
    expect(currentNames(allowedHosts, { host: 'Box.Example', interfaces })).to.deep.equal({
      dns: ['box.example', 'box.local', 'localhost', 'till.example'],
      addresses: ['10.0.0.8', '127.0.0.1', '192.168.1.20', 'fd00::2'],
    });
  });

  it('are bounded on a machine with hundreds of addresses', () => {
    const many = Array.from({ length: 500 }, (_, n) => address(`10.0.${Math.floor(n / 250)}.${n % 250}`));
    expect(currentNames([], { interfaces: { many } }).addresses).to.have.length(100);
  });

  it('are found on this machine', () => {
    const { dns, addresses } = currentNames([]);
    expect(dns).to.include.members(['localhost', hostname().toLowerCase()]);
    expect(addresses).to.include('127.0.0.1');
  });
});
