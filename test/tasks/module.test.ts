import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { taskDatasetKey } from '../../src/data/taskDataset.js';
import { sweepFileOf } from '../../src/report/sweepFile.js';
import { checkUnchanged } from '../../src/tasks/module.js';
import type { SweepSpec } from '../../src/sweep/types.js';
import { encodeSafetensors } from '../../src/tensors/safetensors.js';
import type { ModuleTask } from '../../src/train/protocol.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-module-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = `
import { defineTask, latticeModel, sampledDataset } from 'rgsweep';
import * as z from 'zod';
import { spread } from './lib/spread.mjs';
export default defineTask({
  name: 'coins',
  schema: z.strictObject({ size: z.int().min(2).default(4) }),
  metrics: ['regret', 'nll'],
  dataset: sampledDataset({
    shape: ({ size }) => ({ height: 1, width: size, channels: 1 }),
    draw: ({ size }, { count, random }) =>
      Float32Array.from({ length: count * size }, () => spread * random.normal()),
  }),
  model: latticeModel,
  evaluate: async () => ({ metrics: { regret: 1, nll: 2 } }),
});
`;
const sweep = (module: string, more = '', settings = '{}') => `
name: coins
task: { name: module, module: ${module}, settings: ${settings} }
space: { parameters: { cutoffWidth: { type: float, low: 0.5, high: 2 }${more} } }
pruner: { name: none, rungs: [10] }
budget: { trials: 2 }
`;

let files = 0;
/** A sweep file and its module, both new: a module is imported once per path. */
function written(module: string, sweepText = sweep): string {
  const place = join(folder, String(files++));
  mkdirSync(join(place, 'lib'), { recursive: true });
  writeFileSync(join(place, 'task.mjs'), module);
  writeFileSync(join(place, 'lib/spread.mjs'), 'export const spread = 2;\n');
  const file = join(place, 'sweep.yaml');
  writeFileSync(file, sweepText('./task.mjs'));
  return file;
}

interface Answer {
  spec?: SweepSpec;
  error?: { name: string; kind: string; message: string; remedy: string };
}
const reader = fileURLToPath(new URL('../fixtures/loadSweeps.mjs', import.meta.url));
function load(...sweepFiles: string[]): Answer[] {
  const { stdout, stderr } = spawnSync(process.execPath, [reader, ...sweepFiles], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

const replaced = (from: string | RegExp, to: string) => good.replace(from, to);

/** What is wrong with it, its file, what is said of it. */
const wrong: [string, string, RegExp][] = [
  ...(
    [
      ['throws at its import', 'throw new Error("no luck\\nat all");', /cannot be imported: no luck$/],
      ['has a syntax error', 'export default {', /cannot be imported: Unexpected/],
      ['imports what is not there', 'import "nowhere";', /cannot be imported: Cannot find package 'nowhere'/],
      ['has no default export', 'export const task = 1;', /task\.mjs: it has no default export$/],
      ['exports something else', 'export default 7;', /export is no task: .*an object, not number$/],
      ['has no name', replaced("name: 'coins',", ''), /a task needs a name/],
      ['has no schema', replaced(/schema: .*/, ''), /a task needs a schema that follows Standard Schema/],
      ['has no evaluate', replaced(/evaluate: .*/, ''), /a task needs a function evaluate; it has undefined/],
      ['has no figures', replaced("['regret', 'nll']", '[]'), /a task needs metrics: /],
      ['has fields of no points', replaced('width: size', 'width: 0'), /coins throws: a field's width is 0/],
      ['throws in its shape', replaced('({ size }) =>', '() =>'), /coins throws: size is not defined/],
    ] as const
  ).map(([name, module, said]): [string, string, RegExp] => [`a module that ${name}`, written(module), said]),
  ...(
    [
      ['a module that is not there', () => sweep('./none.mjs'), /module .*none\.mjs: there is no such file/],
      ['a folder', () => sweep('./lib'), /task module .*lib: it is no file/],
      ['a wrong setting', (module) => sweep(module, '', '{ size: 1 }'), /task\.settings\.size: Too small/],
      [
        'an unknown setting',
        (module) => sweep(module, '', '{ sise: 3 }'),
        /settings: Unrecognized key: "sise"/,
      ],
      [
        'a figure that it does not have',
        (module) => `${sweep(module)}objective: { metric: kl, direction: minimize }\n`,
        /objective\.metric: no metric of coins at every rung is called "kl"/,
      ],
      ['a wrong batch size', (module) => sweep(module, ', batchSize: 0'), /batchSize: batchSize is 0/],
      ['a wrong basis', (module) => sweep(module, ', basis: nowhere'), /space\.basis: basis is "nowhere"/],
    ] as [string, (module: string) => string, RegExp][]
  ).map(([name, text, said]): [string, string, RegExp] => [name, written(good, text), said]),
];

describe('a task’s module in a sweep file', () => {
  it('is read at launch: its settings, shape, figures and hash; its file launches the same sweep again', () => {
    const file = written(good, (module) => sweep(module, ', depth: { type: int, low: 1, high: 3 }'));
    const spec = load(file)[0]!.spec!;
    expect(spec.task).toMatchObject({
      name: 'module',
      module: join(file, '../task.mjs'),
      title: 'coins',
      settings: { size: 4 },
      shape: { height: 1, width: 4, channels: 1 },
      metrics: ['regret', 'nll'],
    });
    expect(spec.objective).toEqual({ metric: 'regret', direction: 'minimize' });
    writeFileSync(join(file, '../again.yaml'), sweepFileOf(spec));
    expect(load(join(file, '../again.yaml'))).toEqual([{ spec }]);
  });

  it('is noticed when it, or a file that it imports, has changed', () => {
    const file = written(good);
    const task = load(file)[0]!.spec!.task as ModuleTask;
    expect(() => checkUnchanged(task)).not.toThrow();
    writeFileSync(join(file, '../lib/spread.mjs'), 'export const spread = 3;\n');
    expect(() => checkUnchanged(task)).toThrow(/has changed since the launch/);
    writeFileSync(join(file, '../lib/spread.mjs'), 'export const spread = 2;\n');
    expect(() => checkUnchanged(task)).not.toThrow();
  });

  it('may have data of files, whose hash tells when they are others', () => {
    const dataset = `filesDataset({
    shape: ({ size }) => ({ height: 1, width: size, channels: 1 }),
    folder: () => fileURLToPath(new URL('./data', import.meta.url)),
  }),
  model`;
    const file = written(
      `import { fileURLToPath } from 'node:url';\nimport { filesDataset } from 'rgsweep';` +
        replaced(/sampledDataset\(\{[^]*?\}\),\n {2}model/, dataset),
    );
    const data = join(file, '../data');
    mkdirSync(data);
    const write = (split: string, first: number) =>
      writeFileSync(
        join(data, `${split}.safetensors`),
        encodeSafetensors({
          samples: { shape: [2, 4], data: Float32Array.from({ length: 8 }, (_, n) => first + n) },
        }),
      );
    const launched = () => load(file)[0]!;
    expect(launched().error!.message).toMatch(/data: it has neither train\.npy nor train\.safetensors/);
    for (const [n, split] of ['train', 'validation', 'test'].entries()) write(split, n);
    const task = launched().spec!.task as ModuleTask;
    expect(task.source).toMatch(/^[0-9a-f]{64}$/);
    expect(launched().spec!.task).toEqual(task);
    write('test', 7);
    const other = launched().spec!.task as ModuleTask;
    expect(taskDatasetKey(other)).not.toBe(taskDatasetKey(task));
    const prepare = (one: ModuleTask) => {
      const registry = new URL('../../dist/src/tasks/registry.js', import.meta.url).href;
      const program = `const { prepareTaskDataset } = await import(${JSON.stringify(registry)});
        await prepareTaskDataset(${JSON.stringify(one)}, { folder: ${JSON.stringify(join(file, '../made'))} })
          .then(() => console.log('made'), (error) => console.log(error.kind, error.message));`;
      return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout;
    };
    expect(prepare(task)).toBe("data-missing the files of coins's data have changed since the launch\n");
    expect(prepare(other)).toBe('made\n');
  });

  describe('is refused in one line', () => {
    let answers: Answer[];
    beforeAll(() => (answers = load(...wrong.map(([, file]) => file))));
    it.each(wrong.map(([name, , said], n) => [name, said, n] as const))('for %s', (_, said, n) => {
      const { error } = answers[n]!;
      expect(error).toMatchObject({ name: 'RgsweepError', kind: 'bad-configuration' });
      expect(error!.message).toMatch(said);
      expect(error!.message).not.toContain('\n');
      expect(error!.remedy).toBeTruthy();
    });
  });
});
