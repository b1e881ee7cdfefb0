#!/usr/bin/env node
// Hands over to dist/program. Plain JavaScript that any Node can read: an old one gets an explanation, not a syntax error,
// or, where the package brought its own Node along, that one takes over.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const REQUIRED = [24, 8]; // crypto.argon2, and the versions that the command-line libraries ask for

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entry = join(root, 'dist', 'program', 'main.js');
const bundled = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > REQUIRED[0] || (major === REQUIRED[0] && minor >= REQUIRED[1]);

if (!existsSync(entry)) {
  console.error('smoocho is not built yet. Run: npm ci');
  process.exitCode = 1;
} else if (isNewEnough) {
  // The server idles most of the day on a small box: a young generation that stays at its first 1 MiB saves it 25 to
  // 110 MB and costs no measurable speed. Its largest size can't be set any more once Node runs; that it doesn't grow can.
  // What an archive or an export is made of passes through by gigabytes, beside the tills. Other commands come and go, and imports like the room.
  const words = process.argv.slice(2);
  const first = words.find((word, at) => !word.startsWith('-') && words[at - 1] !== '--home');
  if (['start', 'backup', 'restore', 'export'].includes(first))
    setFlagsFromString('--semi-space-growth-factor=1');
  await import(entry);
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A signal to this process is meant for the real one, which may have got it too: a terminal signals the whole group.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`The bundled Node could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 1;
    if (!signal) return;
    // End by the same signal, so that a shell or systemd sees how it ended.
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
} else {
  console.error(
    `smoocho needs Node ${REQUIRED.join('.')} or newer; this is ${process.versions.node}. ` +
      'Install a newer Node, or run npm ci in the checkout, which brings one along.',
  );
  process.exitCode = 1;
}
