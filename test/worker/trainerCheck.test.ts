import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { createConversation } from '../../src/train/conversation.js';
import { readTrainerLine } from '../../src/train/messages.js';
import type { TrainerMessage } from '../../src/train/protocol.js';
import { trainerSchemas } from '../../src/train/trainerSchemas.js';
import { fixtureTrainer, mainFile } from '../e2e/harness.js';
import { pythonWith } from '../e2e/python.js';

const check = (command: string[], ...options: string[]) => {
  const args = [
    mainFile,
    'trainer',
    'check',
    '--json',
    ...options,
    ...(command.length > 0 ? ['--', ...command] : []),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { results } = JSON.parse(stdout) as {
    results: { name: string; outcome: string; details: string[] }[];
  };
  return { status, results };
};

describe('rgsweep trainer check', () => {
  it('passes the built-in trainer', () => {
    const { status, results } = check([]);
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(results).toHaveLength(7);
    expect(status).toBe(0);
  }, 180_000);

  it('passes the example in NumPy, whose resumed training equals an uninterrupted one', () => {
    const example = fileURLToPath(new URL('../../examples/numpy-trainer/train.py', import.meta.url));
    const { status, results } = check([join(pythonWith('numpy'), 'python3'), example]);
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(results).toHaveLength(7);
    expect(status).toBe(0);
  }, 240_000);

  it('says what a trainer does not do: one that looks at no version and hears no signal', () => {
    const { status, results } = check([process.execPath, fixtureTrainer], '--grace', '2');
    const failed = results.filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ name }) => name)).toEqual([
      'on SIGTERM writes a checkpoint, says done and exits with code 0',
      'refuses another version of the protocol',
      'says what is wrong when its checkpoint is not there',
    ]);
    expect(failed[0]!.details[0]).toBe('it did not end in time and was killed');
    expect(status).toBe(1);
  }, 180_000);
});

describe('a line of a trainer', () => {
  it('is read as Python writes it, NaN and Infinity included', () => {
    expect(readTrainerLine('{"type": "progress", "step": 3, "loss": NaN, "stepsPerSecond": 1.5}')).toEqual({
      message: { type: 'progress', step: 3, loss: NaN, stepsPerSecond: 1.5 },
    });
    const text = '{"type": "warning", "message": "NaN and \\"Infinity\\" in words", "x": -Infinity}';
    expect(readTrainerLine(text)).toEqual({
      message: { type: 'warning', message: 'NaN and "Infinity" in words' },
    });
    expect(readTrainerLine('{"type":"metrics","step":1,"metrics":{"kl":Infinity,"ess":0.5}}')).toEqual({
      message: { type: 'metrics', step: 1, metrics: { ess: 0.5 }, files: [] },
    });
  });

  it.each([
    'Epoch 1/20',
    '{"type": "started", "step"',
    '[1, 2]',
    'null',
    '{"type":"telemetry"}',
    '{"step":1}',
    '17',
  ])('that is %s is for the log', (line) => expect(readTrainerLine(line)).toEqual({ noise: line }));

  it.each([
    ['{"type":"progress","step":-1,"loss":1}', /progress message has step -1/],
    ['{"type":"progress","step":1.5,"loss":1}', /has step 1.5/],
    ['{"type":"checkpoint","step":1,"loss":1}', /has folder nothing/],
    ['{"type":"failure","kind":"preempted","message":""}', /has kind "preempted"/],
    ['{"type":"metrics","step":1,"metrics":{"kl":"low"}}', /has metrics.kl "low"/],
  ])('that is %s breaks the protocol', (line, reason) => {
    expect((readTrainerLine(line) as { violation: string }).violation).toMatch(reason);
  });
});

describe('a conversation', () => {
  const started = { type: 'started', backend: 'x', parameterCount: 1, step: 5 } as const;
  const progress = (step: number, loss = 1) => ({ type: 'progress', step, loss, stepsPerSecond: 1 }) as const;
  const checkpoint = (step: number) => ({ type: 'checkpoint', step, folder: 'x', loss: 1 }) as const;
  const done = (step: number, preempted = false) => ({ type: 'done', step, preempted }) as const;
  const train = (...messages: TrainerMessage[]) => {
    const object = createConversation({ mode: 'train', fromStep: 5, toStep: 10 });
    return messages.map(object).find((objection) => objection !== undefined);
  };

  it('has no objection to a whole segment, nor to one that is preempted', () => {
    expect(
      train(started, progress(7), checkpoint(7), progress(10), checkpoint(10), done(10)),
    ).toBeUndefined();
    expect(train(started, progress(7), checkpoint(7), done(7, true))).toBeUndefined();
    expect(train(started, done(5, true))).toBeUndefined();
  });

  it.each<[string, TrainerMessage[], string, RegExp]>([
    ['progress before started', [progress(6)], 'crashed', /said progress before started/],
    ['another version', [{ ...started, protocol: 2 }], 'bad-configuration', /speaks version 2/],
    ['another beginning', [{ ...started, step: 0 }], 'crashed', /started at step 0; its task begins at 5/],
    ['a step past the end', [started, progress(11)], 'crashed', /step 11 in a segment from 5 to 10/],
    ['a step back', [started, progress(8), checkpoint(7)], 'crashed', /step 7 after step 8/],
    ['a loss of NaN', [started, progress(6, NaN)], 'diverged', /not a finite number at step 6/],
    ['an early end', [started, checkpoint(7), done(7)], 'crashed', /done at step 7 of 10/],
    [
      'an end without its checkpoint',
      [started, checkpoint(9), done(10)],
      'crashed',
      /no checkpoint of that step/,
    ],
    [
      'metrics',
      [started, { type: 'metrics', step: 5, metrics: {}, files: [] }],
      'crashed',
      /during a training/,
    ],
    ['words after done', [started, checkpoint(10), done(10), progress(10)], 'crashed', /after done/],
  ])('objects to %s', (_, messages, kind, message) => {
    const objection = train(...messages)!;
    expect(objection.kind).toBe(kind);
    expect(objection.message).toMatch(message);
  });
});

describe('the protocol’s JSON Schemas', () => {
  const read = (name: string): object =>
    JSON.parse(readFileSync(new URL(`../../docs/schema/${name}`, import.meta.url), 'utf8')) as object;

  it.each(Object.entries(trainerSchemas()))('%s is what the code emits', (name, schema) => {
    expect(read(name)).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it('take what the built-in trainer says, and refuse what it would not', () => {
    const valid = new Ajv({ strict: false }).compile(read('trainer-message.schema.json'));
    expect(valid({ type: 'done', step: 10, preempted: false })).toBe(true);
    expect(valid({ type: 'done', step: -1, preempted: false })).toBe(false);
    expect(valid({ type: 'failure', kind: 'cancelled', message: '' })).toBe(false);
  });
});
