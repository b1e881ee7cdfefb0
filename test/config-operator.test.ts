import { userInfo } from 'node:os';
import { expect } from 'chai';
import { loadConfig } from '../src/config.ts';
import { findOperator } from '../src/config-operator.ts';

describe('the account behind a command', () => {
  const root = { uid: 0, name: 'root' };
  const service = { uid: 998, name: 'smoocho' };

  it('is who runs it, and under sudo to root who called it', () => {
    expect(findOperator(undefined, { uid: 1000, name: 'asha' })).to.equal('asha');
    expect(findOperator(undefined, root)).to.equal('root');
    expect(findOperator('', root)).to.equal('root');
    expect(findOperator('asha', root)).to.equal('asha');
  });

  it('names both where another account than root may have set SUDO_USER itself', () => {
    expect(findOperator('asha', service)).to.equal('smoocho (sudo: asha)');
    expect(findOperator('smoocho', service)).to.equal('smoocho');
  });

  it('is short text, and a number where a container has no name for it', () => {
    expect(findOperator(undefined, { uid: 12345, name: 'uid 12345' })).to.equal('uid 12345');
    expect(findOperator(`${'x'.repeat(300)}`, root)).to.have.length(100);
    expect(findOperator('a\0b\ud800', root)).to.equal('ab\ufffd');
  });

  it('is asked for by the configuration, in the environment that it is given', () => {
    const { name, isRoot } = { name: userInfo().username, isRoot: process.getuid?.() === 0 };
    expect(loadConfig({ home: '/nowhere' }, {}).operator()).to.equal(name);
    const called = isRoot ? 'asha' : `${name} (sudo: asha)`;
    expect(loadConfig({ home: '/nowhere' }, { SUDO_USER: 'asha' }).operator()).to.equal(called);
  });
});
