import { expect } from 'chai';
import { levelOf, worst } from '../../../src/core/disk/levels.ts';

const GB = 1e9;
const MB = 1e6;

describe('how low a disk is', () => {
  it('goes by the smaller of a share and a size', () => {
    const cases: [freeBytes: number, sizeBytes: number, level: string | null][] = [
      [2.1 * GB, 2_000 * GB, null],
      [1.9 * GB, 2_000 * GB, 'warning'],
      [490 * MB, 2_000 * GB, 'problem'],
      // A card of 8 GB: 10 % and 3 %.
      [0.81 * GB, 8 * GB, null],
      [0.79 * GB, 8 * GB, 'warning'],
      [230 * MB, 8 * GB, 'problem'],
      [0, 8 * GB, 'problem'],
    ];
    for (const [freeBytes, sizeBytes, level] of cases)
      expect(levelOf({ freeBytes, sizeBytes }, null), `${freeBytes} of ${sizeBytes}`).to.equal(level);
  });

  it('ends a quarter above where it began', () => {
    const sizeBytes = 2_000 * GB;
    const run = (free: number[]) => {
      let level: ReturnType<typeof levelOf> = null;
      return free.map((gb) => {
        level = levelOf({ freeBytes: gb * GB, sizeBytes }, level);
        return level;
      });
    };
    expect(run([2.1, 1.99, 2.1, 2.49, 2.51, 2.1])).to.deep.equal([
      null,
      'warning',
      'warning',
      'warning',
      null,
      null,
    ]);
    expect(run([0.49, 0.6, 0.63, 0.6, 2.4, 2.6])).to.deep.equal([
      'problem',
      'problem',
      'warning',
      'warning',
      'warning',
      null,
    ]);
  });

  it('is that of the worst', () => {
    expect(worst([null, 'warning', null])).to.equal('warning');
    expect(worst(['warning', 'problem'])).to.equal('problem');
    expect(worst([])).to.equal(null);
  });
});
