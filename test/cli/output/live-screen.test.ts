import { expect } from 'chai';
import { showLive } from '../../../src/cli/output/live-screen.ts';

describe('a live screen', () => {
  it('gives the screen back at once when it is stopped, and ends when its drawing has', async () => {
    const events: string[] = [];
    const terminal = { rows: 24, write: (text: string) => events.push(text.slice(0, 8)) > 0 };
    const stopping = new AbortController();
    const drawing = Promise.withResolvers<string>();
    const showing = showLive(terminal, {
      draw: () => drawing.promise,
      footer: () => '',
      everyMs: 1,
      stopped: stopping.signal,
    }).then(() => events.push('ended'));
    stopping.abort();
    // All that can go on without the drawing does so before the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).to.deep.equal(['\u001b[?1049h', '\u001b[?25h\u001b['].map((text) => text.slice(0, 8)));
    drawing.reject(new Error('The database went away.'));
    await showing;
    expect(events.at(-1)).to.equal('ended');
    expect(events).to.have.length(3);
  });
});
