// Compresses what comes in on stdin as Node's zlib does, so that a Rust test can compare bytes.
//
// A request is one byte for the judge, four bytes of length (little endian) and the input; the answer is four
// bytes of length and the gzip member. Judges: `s` zlib.gzipSync, `p` pako (a path to its module in argv[2]),
// `c` zlib.createGzip fed in pieces of 512 to 65,536 bytes.
import zlib from 'node:zlib';
import { readSync, writeSync } from 'node:fs';

const pako = process.argv[2] ? await import(process.argv[2]) : undefined;

const readExactly = (length) => {
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    let count = 0;
    try {
      count = readSync(0, buffer, at, length - at);
    } catch (error) {
      if (error.code === 'EAGAIN') continue;
      throw error;
    }
    if (count === 0) return undefined;
    at += count;
  }
  return buffer;
};

const writeAll = (buffer) => {
  let at = 0;
  while (at < buffer.length) {
    try {
      at += writeSync(1, buffer, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};

const streamed = async (input) => {
  const gzip = zlib.createGzip({ level: 9 });
  const out = [];
  gzip.on('data', (chunk) => out.push(chunk));
  const ended = new Promise((resolve, reject) => gzip.on('end', resolve).on('error', reject));
  let size = 1;
  for (let at = 0; at < input.length; ) {
    size = (size * 7 + 3) % 128;
    const piece = input.subarray(at, at + 512 * (size + 1));
    if (!gzip.write(piece)) await new Promise((resolve) => gzip.once('drain', resolve));
    at += piece.length;
  }
  gzip.end();
  await ended;
  return Buffer.concat(out);
};

for (;;) {
  const head = readExactly(5);
  if (!head) break;
  const input = readExactly(head.readUInt32LE(1));
  const judge = String.fromCharCode(head[0]);
  let output;
  if (judge === 'p') output = Buffer.from(pako.gzip(input, { level: 9, memLevel: 8 }));
  else if (judge === 'c') output = await streamed(input);
  else output = zlib.gzipSync(input, { level: 9 });
  // npm's tar asks for portable archives, for which minizlib sets the system to 255.
  output[8] = 2;
  output[9] = 255;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(output.length);
  writeAll(Buffer.concat([length, output]));
}
