import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { learningCurve } from './fidelity/network.js';
import { allConfigurations } from './fidelity/space.js';
import { encodeLoss, hashOfCodes, tableEpochs, tableHash, tableSeeds } from './fidelity/table.js';
import { makeTask } from './fidelity/task.js';

/**
 * `npm run bench -- learning-curves [--limit N] [--out FILE]`: trains every configuration of bench/fidelity/space.ts with two
 * seeds and writes the table of learning curves that `npm run bench -- fidelity` searches. Three minutes of one core; the result
 * is the same to the last bit on any machine.
 */
function option(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at >= 0 ? (process.argv[at + 1] ?? otherwise) : otherwise;
}

const task = makeTask();
const configurations = allConfigurations().slice(0, Number(option('limit', 'Infinity')));
const codes = new DataView(new ArrayBuffer(configurations.length * tableSeeds.length * tableEpochs * 2));
const started = process.cpuUsage();
let at = 0;
configurations.forEach((parameters, row) => {
  for (const seed of tableSeeds)
    for (const loss of learningCurve(parameters, seed, task, tableEpochs)) {
      codes.setUint16(at, encodeLoss(loss), true);
      at += 2;
    }
  if ((row + 1) % 50 === 0 || row + 1 === configurations.length)
    console.log(
      `${row + 1} of ${configurations.length} configurations, ${(process.cpuUsage(started).user / 1e6).toFixed(0)} s of CPU`,
    );
});
const bytes = new Uint8Array(codes.buffer);
const out = resolve(option('out', 'bench/fidelity/curves.bin.gz'));
const compressed = gzipSync(bytes, { level: 9 });
writeFileSync(out, compressed);
const hash = hashOfCodes(bytes);
console.log(
  `${out}: ${compressed.length} bytes, SHA-256 of the codes ${hash}${hash === tableHash ? ', as committed' : ''}`,
);
