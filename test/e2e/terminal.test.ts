import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/report/text.js';
import { fixtureTrainer, mainFile, TestStack } from './harness.js';

const rows = 24;
const columns = 80;
/** util-linux's `script` gives a command a terminal of its own and passes on what it writes there. */
const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
if (!hasTerminal) console.log('progress in a terminal: not run, there is no `script` of util-linux');

const escape = '\u001b';
const bar = /[█▏▎▍▌▋▊▉]+░*|░+/;

interface Written {
  code: number | null;
  text: string;
}

async function collect(command: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
  const child = spawn(command, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text: Buffer.concat(parts).toString('utf8') } satisfies Written;
}

const plainly = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  collect(process.execPath, [mainFile, ...args], environment);

const inTerminal = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
  const words = [process.execPath, mainFile, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty rows ${rows} cols ${columns}; exec ${words}`;
  return collect('script', ['-qec', command, '/dev/null'], environment);
};

const sweepFile = (name: string) => `
name: ${name}
task: { name: phi4, size: 2, mass2: -4, coupling: 6.975 }
space:
  parameters:
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
    kernel: sigmoid
pruner: { name: asha, reduction: 2, rungs: [20, 40] }
sampler: { name: random, seed: 3 }
budget: { trials: 4, concurrency: 2 }
baselines: [standard]
train: { checkpointEverySteps: 10 }
`;

describe('progress of a sweep', () => {
  const stack = new TestStack();
  const environment = () => ({ TEMPORAL_ADDRESS: stack.address, RGSWEEP_STORE: stack.storeUrl });
  beforeAll(
    () =>
      stack.start({
        environment: {
          RGSWEEP_TRAINER: JSON.stringify([process.execPath, fixtureTrainer]),
          RGSWEEP_TEST_STEP_MILLISECONDS: '100',
        },
      }),
    120_000,
  );
  afterAll(() => stack.stop());

  /** Launches a sweep and watches it to its end. */
  async function watch(name: string, how: typeof plainly, ...more: string[]): Promise<Written> {
    const launched = await stack.run('launch', stack.writeSweep(name, sweepFile(name)));
    expect(launched.code, launched.stderr).toBe(0);
    return how(['status', name, '--watch', ...more], environment());
  }

  it.skipIf(!hasTerminal)(
    'is drawn in place in a terminal, with bars and the time left',
    async () => {
      const { code, text } = await watch('drawn', inTerminal);
      expect(code, text).toBe(0);
      // Every picture begins with going back over the last one and clearing what is below.
      const [before, ...pictures] = text.split(`\r${escape}[J`);
      expect(pictures.length).toBeGreaterThan(5);
      let height = 0;
      let back = before!;
      const shown = pictures.map((picture, index) => {
        const up = new RegExp(`${escape}\\[(\\d+)A$`);
        expect(Number(up.exec(back)?.[1] ?? 0)).toBe(index === 0 ? 0 : height);
        back = picture;
        const lines = picture.replace(up, '').split('\r\n').slice(0, -1);
        height = lines.length;
        expect(height).toBeLessThan(rows);
        for (const line of lines) {
          expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
          expect(line).not.toContain(escape);
        }
        return lines;
      });
      const lines = shown.flat();
      // Of the whole sweep, and of a trial.
      expect(lines.some((line) => bar.test(line) && / % .*steps/.test(line))).toBe(true);
      expect(
        lines.some((line) => /^ +trial +\d+ /.test(line) && bar.test(line) && /\d s left/.test(line)),
      ).toBe(true);
      expect(lines.some((line) => /about .* left/.test(line))).toBe(true);
      expect(shown.at(-1)![0]).toMatch(/^drawn {2}complete/);
    },
    240_000,
  );

  it('is plain lines without a terminal, one when something finished', async () => {
    const { code, text } = await watch('plain', plainly);
    expect(code, text).toBe(0);
    expect(text).not.toContain(escape);
    expect(text).not.toContain('\r');
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.at(-1)).toContain('complete');
  }, 240_000);

  it('is an object a line for programs', async () => {
    const { code, text } = await watch('objects', plainly, '--json');
    expect(code, text).toBe(0);
    const all = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { sweep: string; state: string; stepsDone: number });
    expect(all.every(({ sweep }) => sweep === 'objects')).toBe(true);
    expect(all.at(-1)!.state).toBe('complete');
    const steps = all.map(({ stepsDone }) => stepsDone);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  }, 240_000);

  it('of a data set is a bar in a terminal, and a line now and then without one', async () => {
    const prepare = (name: string) => [
      ...['data', 'prepare', 'phi4', '--size', '4', '--folder', join(stack.folder, name)],
      ...['--train', '20000', '--validation', '2000', '--test', '2000'],
    ];
    if (hasTerminal) {
      const { code, text } = await inTerminal(prepare('drawn'));
      expect(code, text).toBe(0);
      const drawn = text.split(`\r${escape}[2K`).filter((part) => part !== '' && !part.includes('\n'));
      expect(drawn.length).toBeGreaterThan(1);
      for (const line of drawn) expect(line).toMatch(bar);
      expect(drawn.some((line) => /about .* left/.test(line))).toBe(true);
    }
    const { code, text } = await plainly(prepare('plain'));
    expect(code, text).toBe(0);
    expect(text).not.toContain(escape);
    expect(text).toMatch(/^.* \d+ % .*$/m);
  }, 120_000);
});
