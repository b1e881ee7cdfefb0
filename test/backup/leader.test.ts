import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { until } from '../support/feed-ear.ts';
import { givenInstallation, type Installation } from '../support/schedule-parts.ts';

const script = fileURLToPath(new URL('../support/schedule-child.ts', import.meta.url));

describe('of several servers', function () {
  this.timeout(180_000);
  let test: Installation;
  const servers: ChildProcess[] = [];

  before(async () => {
    test = await givenInstallation('2026-10-01T12:00:00Z');
  });
  after(async () => {
    const ended = servers.map((server) => once(server, 'exit'));
    for (const server of servers) server.kill('SIGTERM');
    const codes = (await Promise.all(ended)).map(([code]) => code);
    await test.close();
    expect(codes).to.deep.equal(servers.map(() => 0));
  });

  /** Whose job began and ended, in the order in which it was written. */
  const lines = (from = 0) =>
    test
      .lines()
      .slice(from)
      .map((line) => {
        const [what, server, job] = line.split(' ');
        return { what, server: Number(server), job: Number(job) };
      });
  const runs = (from: number) => lines(from).filter(({ what }) => what === 'end').length;

  it('one runs the schedule, and another takes over when it is killed', async () => {
    const words = [script, test.home, test.file, String(Date.now())];
    for (let n = 0; n < 3; n += 1)
      servers.push(spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] }));
    const pids = servers.map(({ pid }) => pid);
    await until(() => runs(0) >= 3, 60_000);
    let from = 0;
    for (let left = 2; left >= 1; left -= 1) {
      const leaders = new Set(lines(from).map(({ server }) => server));
      expect([...leaders]).to.have.length(1);
      const [leader] = leaders;
      expect(pids).to.include(leader);
      const killed = servers.findIndex(({ pid }) => pid === leader);
      const [server] = servers.splice(killed, 1) as [ChildProcess];
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
      // What it ran ends with it, at most with one last line.
      const next = () => lines().findIndex(({ server: other }, n) => n >= from && other !== leader);
      await until(() => next() >= 0, 60_000);
      from = next();
      await until(() => runs(from) >= 3, 60_000);
      expect(lines(from).map(({ server: other }) => other)).to.not.include(leader);
      expect(servers).to.have.length(left);
    }
    // A run that was cut off has no end; no two overlap.
    const all = lines();
    for (const [n, { what, job }] of all.entries()) {
      if (what === 'end') expect(all[n - 1]).to.deep.include({ what: 'start', job });
    }
    expect(new Set(all.filter(({ what }) => what === 'start').map(({ job }) => job)).size).to.equal(
      all.filter(({ what }) => what === 'start').length,
    );
  });
});
