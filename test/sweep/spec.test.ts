import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { parseSweepFile } from '../../src/sweep/spec.js';
import { sweepFileOf } from '../../src/report/sweepFile.js';
import { describePlan } from '../../src/cli/plan.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-spec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = `
name: a
task: { name: phi4 }
space:
  parameters:
    kernel: sigmoid
    cutoffWidth: { type: float, low: 0.3, high: 10, log: true }
pruner: { rungs: [10, 30] }
budget: { trials: 6 }
baselines: [standard]
`;
const read = (path: string) => readFileSync(path, 'utf8');
const parse = (text: string) => parseSweepFile(text, join(folder, 'a.yaml'), read);
function refusal(text: string): RgsweepError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof RgsweepError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('sweep files', () => {
  it('reads every sweep file that comes with the project', () => {
    for (const name of readdirSync('sweeps')) {
      const file = join('sweeps', name);
      expect(parseSweepFile(read(file), file, read).name).toBe(name.replace(/\.yaml$/, ''));
    }
  });

  it('fills defaults in', () => {
    expect(parse(good)).toMatchObject({
      task: { size: 6, mass2: -4, coupling: 6.975 },
      objective: { metric: 'kl', direction: 'minimize' },
      sampler: { name: 'tpe', seed: 0 },
      pruner: { name: 'asha', reduction: 3, rungs: [10, 30] },
      budget: { trials: 6, concurrency: 'auto' },
      retries: 3,
      supervision: { retryFirstSeconds: 1, retryLongestSeconds: 60, heartbeatSeconds: 30 },
    });
  });

  it('contenders stand among the baselines, and come back out of the file that a report prints', () => {
    const spec = parse(`${good}contenders: { mine: { colour: matched, cutoffWidth: 2 } }\n`);
    expect(spec.baselines).toEqual(['standard', 'mine']);
    expect(spec.contenders).toEqual({ mine: { colour: 'matched', cutoffWidth: 2 } });
    expect(parse(sweepFileOf(spec))).toEqual(parse(sweepFileOf(parse(sweepFileOf(spec)))));
    expect(parse(sweepFileOf(spec)).contenders).toEqual(spec.contenders);
    expect(describePlan(spec).text).toMatch(/baselines \(standard, mine\)/);
  });

  it('a cosine ends at the longest rung unless something else is said', () => {
    const defaultsOf = (...lines: string[]) => parse([good, ...lines, ''].join('\n')).defaults;
    expect(defaultsOf()).toEqual({});
    expect(defaultsOf('defaults: { learningRateSchedule: constant }')).not.toHaveProperty('decaySteps');
    expect(defaultsOf('defaults: { learningRateSchedule: cosine }').decaySteps).toBe(30);
    expect(defaultsOf('defaults: { learningRateSchedule: cosine, decaySteps: 7 }').decaySteps).toBe(7);
    const schedules = 'learningRateSchedule: { type: categorical, choices: [constant, cosine] }';
    expect(parse(good.replace('kernel: sigmoid', schedules)).defaults).toEqual({ decaySteps: 30 });
  });

  it('keeps what is said of resources, and nothing where nothing is said', () => {
    expect(parse(good)).not.toHaveProperty('resources');
    const parsed = parse(`${good}resources: { queue: gpu-a100, priority: 1 }`);
    expect(parsed.resources).toEqual({ queue: 'gpu-a100', priority: 1 });
    expect(parse(sweepFileOf(parsed)).resources).toEqual(parsed.resources);
  });

  it('images have their own defaults and metrics; a path of CIFAR-10 is relative to the file', () => {
    const images = parse(good.replace('{ name: phi4 }', '{ name: images, kind: gaussian-field }'));
    expect(images).toMatchObject({
      task: { name: 'images', kind: 'gaussian-field', size: 16, channels: 1, exponent: 2, count: 10_000 },
      objective: { metric: 'vlb', direction: 'minimize' },
      evaluation: { samples: 128 },
    });
    expect(parse(sweepFileOf(images))).toEqual(images);
    const cifar = (from: string) =>
      parse(good.replace('{ name: phi4 }', `{ name: cifar10, from: ${from} }`)).task;
    expect(cifar('cifar.tar.gz')).toEqual({ name: 'cifar10', from: join(folder, 'cifar.tar.gz') });
    expect(cifar('s3://bucket/cifar')).toEqual({ name: 'cifar10', from: 's3://bucket/cifar' });
    const asked = `${good.replace('{ name: phi4 }', '{ name: images }')}objective: { metric: ess, direction: maximize }`;
    expect(refusal(asked).message).toMatch(
      /objective\.metric: no metric of images at every rung is called "ess"/,
    );
    expect(refusal(good.replace('{ name: phi4 }', '{ name: images, channels: 2 }')).message).toMatch(
      /task\.channels/,
    );
    const measured = (evaluation: string) =>
      `${good.replace('{ name: phi4 }', '{ name: images }')}evaluation: ${evaluation}\n`;
    expect(parse(measured('{ likelihoodImages: 0 }')).evaluation).toEqual({
      samples: 128,
      likelihoodImages: 0,
    });
    expect(refusal(measured('{ likelihoodImages: 4 }')).message).toMatch(
      /evaluation\.likelihoodImages: must be 0, which measures none, or at least 8/,
    );
    expect(refusal(`${good}evaluation: { likelihoodImages: 0 }\n`).message).toMatch(
      /evaluation\.likelihoodImages: the task "phi4" has no images/,
    );
    expect(refusal(`${good}evaluation: { samples: 64 }`).message).toMatch(
      /samples: 64 is below 256, the least of phi4 and of programs/,
    );
  });

  it('ess is maximized and all else minimized where no direction is said, in lists too', () => {
    const judged = (objective: string) => parse(`${good}objective: ${objective}\n`);
    expect(judged('{ metric: kl }').objective).toEqual({ metric: 'kl', direction: 'minimize' });
    expect(judged('{ metric: ess }').objective).toEqual({ metric: 'ess', direction: 'maximize' });
    expect(judged('{ metric: ess, direction: minimize }').objective.direction).toBe('minimize');
    const both = judged('[{ metric: ess }, { metric: nll }]');
    expect(both.objectives).toEqual([
      { metric: 'ess', direction: 'maximize' },
      { metric: 'nll', direction: 'minimize' },
    ]);
    expect(describePlan(both).text).toContain('judged by ess (maximize), nll (minimize)');
  });

  it('the built-in network has 256 sites at most; larger lattices are data of programs', () => {
    const of = (task: string, more = '') => good.replace('{ name: phi4 }', task) + more;
    expect(parse(of('{ name: phi4, size: 16 }')).task).toMatchObject({ size: 16 });
    expect(refusal(of('{ name: phi4, size: 17 }')).message).toMatch(
      /task\.size: the built-in network takes at most 16 × 16 sites.*task of your own.*got 17/,
    );
    const program = of('{ name: command, command: [train], data: { name: phi4, size: 64 } }');
    expect(parse(program).task).toMatchObject({ data: { size: 64 } });
  });

  it('a translation period divides the lattice, wherever it is given', () => {
    const searched = (period: string) => good.replace('kernel: sigmoid', `translationPeriod: ${period}`);
    for (const text of [
      `${good}defaults: { translationPeriod: 3 }\n`,
      searched('{ type: int, low: 1, high: 3 }'),
      searched('{ type: categorical, choices: [1, 6] }'),
      searched('2'),
    ])
      expect(() => parse(text)).not.toThrow();
    const wrong: [string, RegExp][] = [
      [`${good}defaults: { translationPeriod: 7 }\n`, /defaults: translationPeriod is 7.*divide.*6/],
      [`${good}contenders: { mine: { translationPeriod: 4 } }\n`, /contenders\.mine: translationPeriod is 4/],
      // Its ends divide the side, what is between does not.
      [searched('{ type: int, low: 2, high: 6, step: 2 }'), /space\.translationPeriod: .*is 4/],
      [searched('{ type: categorical, choices: [1, 5] }'), /space\.translationPeriod: .*is 5/],
    ];
    for (const [text, message] of wrong) {
      expect(refusal(text).message).toMatch(message);
      expect(refusal(text).remedy).toContain('1, 2, 3, 6');
    }
    // The trainers of programs and the networks of images are not φ⁴'s.
    const images = good.replace('{ name: phi4 }', '{ name: images }');
    expect(() => parse(`${images}defaults: { translationPeriod: 7 }\n`)).not.toThrow();
  });

  it('without a pruner has the last rung only', () => {
    expect(parse(good.replace('{ rungs', '{ name: none, rungs')).pruner.rungs).toEqual([30]);
  });

  /** What was written wrong, and what the message must name: field, value, way out. */
  const mistakes: [string, [string, string], RegExp, RegExp?][] = [
    ['an unknown key', ['budget:', 'bugdet: 3\nbudget:'], /bugdet/],
    ['a wrong type', ['trials: 6', 'trials: six'], /budget\.trials.*"six"/],
    ['a negative number', ['trials: 6', 'trials: -1'], /budget\.trials.*-1/],
    ['a range upside down', ['low: 0.3, high: 10', 'low: 10, high: 0.3'], /cutoffWidth.*10/s],
    ['log of nothing', ['low: 0.3', 'low: 0'], /cutoffWidth/],
    ['an unknown basis', ['kernel: sigmoid', 'basis: fourierr'], /basis.*fourierr/s],
    ['an unknown parameter', ['kernel: sigmoid', 'kernle: sigmoid'], /kernle/, /kernel/],
    [
      'a condition on a missing parameter',
      ['log: true }', 'log: true, when: { colour: [white] } }'],
      /cutoffWidth.*colour/s,
    ],
    [
      'a first pause above the longest',
      ['budget:', 'train: { retryFirstSeconds: 90 }\nbudget:'],
      /train\.retryFirstSeconds.*retryLongestSeconds.*90/,
    ],
    [
      'a heartbeat too short',
      ['budget:', 'train: { heartbeatSeconds: 2 }\nbudget:'],
      /train\.heartbeatSeconds.*2/,
    ],
    [
      'a queue with a space',
      ['name: a', 'resources: { queue: GPU A100 }\nname: a'],
      /resources\.queue.*gpu-a100.*"GPU A100"/,
    ],
    ['a priority of none', ['name: a', 'resources: { priority: 0 }\nname: a'], /resources\.priority.*0/],
    [
      'a direction that is none',
      ['budget:', 'objective: { metric: kl, direction: up }\nbudget:'],
      /objective\.direction: .*"minimize"\|"maximize".*got "up"/,
    ],
    [
      'an objective of a list without a metric',
      ['budget:', 'objective: [{ metrik: kl }]\nbudget:'],
      /objective\.0\.metric: [^]*objective\.0: Unrecognized key: "metrik"$/,
    ],
    ['an objective of no kind', ['budget:', 'objective: 3\nbudget:'], /objective: .*object or array, got 3/],
    [
      'a parameter of no kind',
      ['budget:', 'defaults: { batchSize: [1] }\nbudget:'],
      /defaults\.batchSize: .*expected number or string or boolean, got \[1\]/,
    ],
    [
      'a contender in capitals',
      ['budget:', 'contenders: { Winner: { colour: white } }\nbudget:'],
      /contenders\.Winner: as a name: use lower-case letters, digits and dash, at most 60$/,
    ],
    ['rungs that fall', ['[10, 30]', '[30, 10]'], /pruner\.rungs\.1.*10.*30/, /ascending/],
    ['an unknown baseline', ['[standard]', '[standart]'], /baselines\.0.*standart/, /standard/],
    [
      'a contender with a preset’s name',
      ['[standard]', '[standard]\ncontenders: { linear-gamma: { colour: white } }'],
      /contenders\.linear-gamma.*preset/,
      /another name/,
    ],
    [
      'a contender that cannot be',
      ['[standard]', '[standard]\ncontenders: { mine: { colour: pink } }'],
      /contenders\.mine.*pink/,
    ],
    ['a baseline twice', ['[standard]', '[standard, standard]'], /baselines\.1.*twice/],
    ['a name with a slash', ['name: a', 'name: a/b'], /name.*"a\/b"/],
    [
      'an unknown default',
      ['name: a', 'defaults: { bacthSize: 3 }\nname: a'],
      /defaults.*bacthSize/,
      /batchSize/,
    ],
    ['a default out of bounds', ['name: a', 'defaults: { batchSize: 0 }\nname: a'], /defaults.*batchSize.*0/],
    [
      'a start from itself',
      ['budget:', 'warmStart: a\nbudget:'],
      /warmStart\.0.*"a" is this sweep/,
      /earlier/,
    ],
    ['a start twice', ['budget:', 'warmStart: [b, b]\nbudget:'], /warmStart\.1.*"b" is listed twice/],
    ['a start from no name', ['budget:', 'warmStart: [b/c]\nbudget:'], /warmStart\.0.*"b\/c"/],
    ['a key twice', ['name: a', 'name: a\nname: b'], /a\.yaml:\d+:\d+/],
    ['broken YAML', ['name: a', 'name: [a'], /a\.yaml:\d+:\d+/],
  ];
  it.each(mistakes)('refuses %s by name', (_what, [from, to], message, remedy) => {
    expect(good).toContain(from);
    const error = refusal(good.replace(from, to));
    expect(error.kind).toBe('bad-configuration');
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain('a.yaml');
    expect(error.message).toMatch(message);
    if (remedy) expect(error.remedy).toMatch(remedy);
  });

  it('refuses a space file that is not there, and names a mistake in one that is', () => {
    const at = (space: string) => good.replace(/space:[\s\S]*?pruner/, `space: ${space}\npruner`);
    expect(refusal(at('nowhere.yaml')).message).toMatch(/space.*"nowhere\.yaml"/);
    writeFileSync(join(folder, 'space.yaml'), 'parameters: { cutoffWidth: { type: float, low: 1 } }');
    expect(refusal(at('space.yaml')).message).toMatch(/space\.yaml.*cutoffWidth/);
  });

  it('never throws anything else, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) =>
            JSON.stringify({
              name: 'a',
              task: { name: 'phi4' },
              space: value,
              pruner: value,
              budget: value,
            }),
          ),
        ),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(RgsweepError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the plan of a sweep', () => {
  it('counts what promotion ASHA trains, and names what it cannot exceed', () => {
    const plan = describePlan(parse(good));
    // One baseline to 30; six trials to 10, two of them on to 30.
    expect(plan.steps).toBe(30 + 6 * 10 + 2 * 20);
    expect(plan.mostSteps).toBe(30 + 6 * 30);
    const whole = describePlan(
      parse(
        `${good.replace('trials: 6', 'trials: 6, steps: 400, wallClock: 2h')}replicates: 2\nwarmStart: earlier\n`,
      ),
    );
    expect(whole).toMatchObject({ replicates: 2, mostSteps: 400 });
    const contest = `${good.replace('trials: 6', 'trials: 0')}replicates: 5\n`;
    expect(describePlan(parse(contest)).text).not.toContain('a candidate');
    expect(whole.text).toMatch(
      /each with 2 seeds[^]*found by earlier[^]*2 fresh seeds[^]*budget is used up: 400 steps, 2h/,
    );
    // Six trials, then two, then none.
    expect(plan.text).not.toContain('so few trials');
    const few = describePlan(parse(good.replace('rungs: [10, 30]', 'rungs: [10, 30, 90]')));
    expect(few.text).toContain('so few trials that none may be trained for 90 steps, as baselines are');
  });
});
