import { expect } from 'chai';
import { collectClosing } from '../../src/doctor/closing.ts';

describe('what a doctor opened', () => {
  it('is closed at the end, the last one first, and at once what is opened late', async () => {
    const closed: string[] = [];
    const closing = collectClosing();
    const close = (name: string) => async () => {
      closed.push(name);
      if (name === 'pool') throw new Error('It is gone.');
    };
    closing.add(close('database'));
    closing.add(close('pool'));
    await closing.closeAll();
    expect(closed).to.deep.equal(['pool', 'database']);
    // Its start took longer than the doctor waits.
    closing.add(close('late'));
    expect(closed).to.deep.equal(['pool', 'database', 'late']);
    await closing.closeAll();
    expect(closed).to.have.length(3);
  });
});
