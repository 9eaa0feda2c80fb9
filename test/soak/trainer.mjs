/**
 * The built-in trainer, with a ledger: RGSWEEP_SOAK_LEDGER names a file that gets a line `SWEEP TRIAL STEP` for every training
 * step that is made, before anybody hears of it. What a record says was paid is what the control side was told; this is
 * what was done.
 */
import { appendFileSync, readFileSync } from 'node:fs';

const { sweep, trial, mode } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const ledger = process.env.RGSWEEP_SOAK_LEDGER;

if (mode === 'train' && ledger) {
  // The trainer reports about once a second: on a clock that leaps it reports every step.
  let now = 0;
  globalThis.performance.now = () => (now += 10_000);
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text, ...rest) => {
    const message = JSON.parse(text);
    if (message.type === 'progress') appendFileSync(ledger, `${sweep} ${trial} ${message.step}\n`);
    return write(text, ...rest);
  };
}
await import('../../dist/src/train/trainer.js');
