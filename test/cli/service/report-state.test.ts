import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { reportState } from '../../../src/cli/service/report-state.ts';
import { requirePrograms } from '../../support/programs.ts';
import { removeFolder, tempFolder } from '../../support/temp.ts';

/** In the place of systemd: Node has no datagram sockets of UNIX. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    for line in s.recv(4096).decode().splitlines():
        print(line, flush=True)
`;

describe('what systemd is told', function () {
  this.timeout(60_000);

  it('hears that the server is ready, that it lives, and that it stops', async function () {
    requirePrograms(this, 'systemd-notify', 'python3');
    const folder = tempFolder();
    const socket = join(folder, 'notify');
    const receiver = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const heard: string[] = [];
    const lines = createInterface({ input: receiver.stdout });
    const until = async (wanted: string, times = 1) => {
      while (heard.filter((line) => line === wanted).length < times) await once(lines, 'line');
    };
    lines.on('line', (line) => heard.push(line));
    try {
      await until('bound');
      const failures: string[] = [];
      const reporter = reportState({ socket, watchdogMs: 300 }, (reason) => failures.push(reason));
      const ready = reporter.ready('Serving on port 8080');
      await until('STATUS=Serving on port 8080');
      await ready;
      await until('WATCHDOG=1', 3);
      reporter.close();
      await reporter.stopping();
      await until('STOPPING=1');
      expect(heard.indexOf('READY=1')).to.be.within(0, heard.indexOf('WATCHDOG=1') - 1);
      expect(failures).to.deep.equal([]);
    } finally {
      receiver.kill();
      await once(receiver, 'exit');
      removeFolder(folder);
    }
  });

  it('says once that systemd can not be reached, and goes on', async function () {
    requirePrograms(this, 'systemd-notify');
    const failures: string[] = [];
    const reporter = reportState({ socket: '/nowhere/notify', watchdogMs: undefined }, (reason) =>
      failures.push(reason),
    );
    await reporter.ready('Serving');
    await reporter.stopping();
    expect(failures).to.have.length(1);
  });
});
