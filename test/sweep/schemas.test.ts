import { readdirSync, readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { scheduleParameterRules } from '../../src/schedule/parameters.js';
import { presets } from '../../src/schedule/presets.js';
import { choiceDescriptions } from '../../src/sweep/choiceDescriptions.js';
import { trialParameterNames } from '../../src/sweep/parameters.js';
import { parameterDescriptions } from '../../src/sweep/parameterDescriptions.js';
import { parametersDocument } from '../../src/sweep/parametersDocument.js';
import { allSchemas } from '../../src/sweep/schemas.js';
import { trainingParameterRules } from '../../src/train/parameters.js';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const yamlFiles = (folder: string): string[] =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}${name}`);

const ajv = new Ajv({ strict: true, strictTypes: false, allowUnionTypes: true, allErrors: true });
const check = (schema: string): ((value: unknown) => ErrorObject[]) => {
  const validate = ajv.compile(JSON.parse(read(`docs/schema/${schema}`)) as object);
  return (value) => (validate(value) ? [] : [...validate.errors!]);
};

describe('docs/schema', () => {
  it.each(Object.entries(allSchemas()))(
    '%s is what the code emits (else: node scripts/write-schemas.mjs)',
    (name, schema) => {
      expect(JSON.parse(read(`docs/schema/${name}`))).toEqual(JSON.parse(JSON.stringify(schema)));
    },
  );

  it('says what every parameter means', () => {
    expect(Object.keys(parameterDescriptions).sort()).toEqual([...trialParameterNames].sort());
  });
});

describe('docs/parameters.md', () => {
  it('is what the code says (else: node scripts/document-parameters.mjs)', () => {
    expect(read('docs/parameters.md')).toBe(parametersDocument());
  });

  it('says what every choice means, and is linked from where one looks', () => {
    const rules = { ...scheduleParameterRules, ...trainingParameterRules };
    for (const [name, rule] of Object.entries(rules)) {
      if (!('choices' in rule) || /^colour(From|To)$/.test(name)) continue;
      const meanings = choiceDescriptions[name as keyof typeof choiceDescriptions];
      expect(Object.keys(meanings).sort(), name).toEqual([...rule.choices].sort());
    }
    for (const page of ['docs/sweep-file.md', 'docs/science.md'])
      expect(read(page)).toContain('(parameters.md');
    expect(read('README.md')).toContain('(docs/parameters.md)');
  });
});

describe('by an independent validator', () => {
  const space = check('search-space.schema.json');
  const sweep = check('sweep.schema.json');
  const parameters = check('parameters.schema.json');

  it.each(yamlFiles('search-spaces/'))('%s is a search space, and says where its schema is', (file) => {
    expect(space(parse(read(file)))).toEqual([]);
    expect(read(file)).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/docs\/schema\/search-space\.schema\.json$/m,
    );
  });

  it.each(yamlFiles('sweeps/'))('%s is a sweep, and says where its schema is', (file) => {
    expect(sweep(parse(read(file)))).toEqual([]);
    expect(read(file)).toMatch(/^# yaml-language-server: \$schema=\.\.\/docs\/schema\/sweep\.schema\.json$/m);
  });

  it.each(Object.entries(presets))('preset %s is a parameter set', (_, preset) => {
    expect(parameters(preset)).toEqual([]);
  });

  it.each([
    ['parameters: {}', 'fewer than 1'],
    ['parameters: { color: white }', 'additional properties'],
    ['parameters: { cutoffWidth: { type: float, low: 0.1 } }', "required property 'high'"],
    ['parameters: { cutoffWidth: { type: float, low: 0, high: 1 } }', '>= 0.0001'],
    ['parameters: { basis: { type: categorical, choices: [fourier, laguerre] } }', 'allowed values'],
    ['parameters: { reversed: maybe }', 'boolean'],
    ['parameter: { basis: pixel }', "required property 'parameters'"],
  ])('refuses the space %s', (text, reason) => {
    expect(JSON.stringify(space(parse(text)))).toContain(reason);
  });

  it('refuses a sweep’s mistakes and takes a space written in place', () => {
    const good = parse(read('sweeps/phi4-quick.yaml')) as Record<string, unknown>;
    expect(
      sweep({ ...good, space: { parameters: { cutoffWidth: { type: 'float', low: 1, high: 2 } } } }),
    ).toEqual([]);
    for (const [field, value] of Object.entries({
      name: 'with space',
      task: { name: 'phi5' },
      baselines: ['nothing'],
      defaults: { batchSize: 0.5 },
      pruner: { rungs: [] },
      budget: { trials: -1 },
      surprise: 1,
      space: { parameters: { cutoffWidth: 0 } },
    }))
      expect(sweep({ ...good, [field]: value }), field).not.toEqual([]);
  });
});
