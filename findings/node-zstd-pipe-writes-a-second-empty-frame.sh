#!/usr/bin/env bash
# Node 24.21.0, node:zlib: what is piped into createZstdCompress() in two pieces or more comes out as two zstd frames, the second
# one empty (9 bytes, 13 with the checksum flag). In one piece, or when each write is awaited before end(), there is one frame.
#
# Why it matters: both are valid zstd, and `zstd -d` reads either. But a reader that stops after the first frame finds bytes behind
# it, and whoever refuses files with something behind their end (an archive that was put together of two) refuses Node's own
# output. Node's createZstdDecompress() is such a reader: given the whole in one piece, it leaves the second frame unread without
# an error, and only `bytesWritten` tells. One frame comes of awaiting each write.
#
# Seen: `piped, 1 piece: 1 frame`, `piped, 3 pieces: 2 frames, the last of 9 bytes`, `awaited, 3 pieces: 1 frame`,
# `read in one piece: 9 of 27 bytes left over, no error` (sizes of this input). Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent node@24.21.0
cat >try.mjs <<'JS'
import assert from 'node:assert';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';

const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const piece = Buffer.alloc(1000, 'x');

function collect() {
  const pieces = [];
  const sink = new Writable({
    write(chunk, _, done) {
      pieces.push(chunk);
      done();
    },
  });
  return { sink, bytes: () => Buffer.concat(pieces) };
}

/** Where frames begin; the input compresses to nothing that looks like another magic number. */
function framesOf(bytes) {
  const starts = [];
  for (let at = bytes.indexOf(MAGIC); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) starts.push(at);
  return starts;
}

async function piped(count) {
  const { sink, bytes } = collect();
  await pipeline(Readable.from(Array(count).fill(piece)), zlib.createZstdCompress(), sink);
  return bytes();
}

async function awaited(count) {
  const { sink, bytes } = collect();
  const zstd = zlib.createZstdCompress();
  zstd.pipe(sink);
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => zstd.write(piece, resolve));
  zstd.end();
  await new Promise((resolve) => sink.once('finish', resolve));
  return bytes();
}

const one = await piped(1);
const three = await piped(3);
const apart = await awaited(3);
const [, second] = framesOf(three);
console.log(`Node ${process.versions.node}`);
console.log(`piped, 1 piece: ${framesOf(one).length} frame`);
console.log(`piped, 3 pieces: ${framesOf(three).length} frames, the last of ${three.length - second} bytes`);
console.log(`awaited, 3 pieces: ${framesOf(apart).length} frame`);
assert.equal(framesOf(one).length, 1);
assert.equal(framesOf(three).length, 2);
assert.equal(three.length - second, 9);
assert.equal(framesOf(apart).length, 1);

const reader = zlib.createZstdDecompress();
reader.end(three);
let size = 0;
for await (const chunk of reader) size += chunk.length;
console.log(`read in one piece: ${three.length - reader.bytesWritten} of ${three.length} bytes left over, no error`);
assert.equal(size, 3 * piece.length);
assert.equal(reader.bytesWritten, second);
JS
node_modules/.bin/node try.mjs
