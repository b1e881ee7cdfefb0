import { createInterface } from 'node:readline';
import { attachEmbedded } from '../../src/database/embedded.ts';

/**
 * A process that attaches to the embedded database of the home in argv, as a command would. It prints one JSON
 * line when attached; then each line of its input is a command: `release` (it must then end by itself).
 */
const [home = '', password = ''] = process.argv.slice(2);
const tell = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

try {
  const server = await attachEmbedded({ home, password, onLost: () => tell({ lost: true }) });
  tell({ port: server.port, startedHere: server.startedHere, url: server.url });
  const input = createInterface({ input: process.stdin });
  input.on('line', async (line) => {
    if (line !== 'release') return;
    input.close();
    process.stdin.destroy();
    await server.release();
  });
} catch (error) {
  tell({ error: (error as Error).name, message: (error as Error).message });
  process.exitCode = 1;
}
