import { z } from 'zod';
import { scheduleParameterRules } from '../schedule/parameters.js';
import { presets } from '../schedule/presets.js';
import { trainingParameterRules } from '../train/parameters.js';
import { parameterDescriptions } from './parameterDescriptions.js';
import { sweepFileSchema } from './spec.js';
import { builtInMetrics } from './taskSchema.js';

/** A JSON Schema, draft 7: what editors' YAML servers read. */
export type JsonSchema = Record<string, unknown>;

const draft = 'http://json-schema.org/draft-07/schema#';
const scalar: JsonSchema = { type: ['number', 'string', 'boolean'] };

/** The values that a trial's parameter may have, with its meaning and its default. */
function valueSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries({ ...scheduleParameterRules, ...trainingParameterRules }).map(
      ([name, rule]): [string, JsonSchema] => {
        const common = {
          description: parameterDescriptions[name as keyof typeof parameterDescriptions],
          default: rule.default,
        };
        if ('choices' in rule) return [name, { ...common, enum: [...rule.choices] }];
        if (!('low' in rule)) return [name, { ...common, type: 'boolean' }];
        const { low, high } = rule;
        const above = 'above' in rule && rule.above === true;
        return [
          name,
          {
            ...common,
            type: 'integer' in rule && rule.integer === true ? 'integer' : 'number',
            ...(above ? { exclusiveMinimum: low } : { minimum: low }),
            maximum: high,
          },
        ];
      },
    ),
  );
}

/** A parameter set: what `rgsweep schedule FILE` and `rgsweep enqueue` read, and `defaults` of a sweep file. */
function parameterSetSchema(): JsonSchema {
  return { type: 'object', properties: valueSchemas(), additionalProperties: false };
}

/** How one parameter is searched: a range, a choice, a constant; `when` says when it exists. */
function searchedSchema(value: JsonSchema): JsonSchema {
  const { description, default: _, ...bounds } = value;
  const when = {
    description: 'The parameter exists only while its parents have one of these values',
    type: 'object',
    minProperties: 1,
    additionalProperties: {
      anyOf: [scalar, { type: 'array', minItems: 1, uniqueItems: true, items: scalar }],
    },
  };
  const kinds: JsonSchema[] = [];
  if (bounds['type'] === 'number' || bounds['type'] === 'integer')
    for (const type of ['float', 'int']) {
      const number = { ...bounds, type: type === 'int' ? 'integer' : 'number' };
      kinds.push({
        type: 'object',
        properties: {
          type: { const: type },
          low: number,
          high: number,
          log: { type: 'boolean', description: 'Searched on a logarithmic axis; low must be above 0' },
          step: { type: number.type, exclusiveMinimum: 0, description: 'Must divide high − low' },
          when,
        },
        required: ['type', 'low', 'high'],
        additionalProperties: false,
      });
    }
  kinds.push(
    {
      type: 'object',
      properties: {
        type: { const: 'categorical' },
        choices: { type: 'array', minItems: 1, uniqueItems: true, items: bounds },
        when,
      },
      required: ['type', 'choices'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { type: { const: 'fixed' }, value: bounds, when },
      required: ['type', 'value'],
      additionalProperties: false,
    },
    bounds,
  );
  return { description, anyOf: kinds };
}

function spaceBody(): JsonSchema {
  const named = Object.fromEntries(
    Object.entries(valueSchemas()).map(([name, value]) => [name, searchedSchema(value)]),
  );
  const listed = {
    type: 'object',
    properties: {
      name: { enum: Object.keys(named) },
      type: { enum: ['float', 'int', 'categorical', 'fixed'] },
    },
    required: ['name', 'type'],
  };
  return {
    type: 'object',
    properties: {
      description: { type: 'string', description: 'What the space asks, in one line' },
      parameters: {
        description: 'Every parameter: a range, a choice, or a bare constant',
        anyOf: [
          { type: 'object', minProperties: 1, properties: named, additionalProperties: false },
          { type: 'array', minItems: 1, items: listed },
        ],
      },
    },
    required: ['parameters'],
    additionalProperties: false,
  };
}

/** Of search-space files. */
export function searchSpaceSchema(): JsonSchema {
  return { $schema: draft, title: 'rgsweep search space', ...spaceBody() };
}

/** Of parameter files, as `rgsweep schedule` reads them. */
export function parametersSchema(): JsonSchema {
  return { $schema: draft, title: 'rgsweep parameters', ...parameterSetSchema() };
}

/**
 * Of sweep files. It checks what a schema can: types, bounds, names. What a file names elsewhere (a space file) and what
 * depends on two fields is checked by `rgsweep launch --dry-run`.
 */
export function sweepSchema(): JsonSchema {
  const body = z.toJSONSchema(sweepFileSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;
  const properties = body['properties'] as Record<string, JsonSchema>;
  const { $schema: _, properties: __, ...rest } = body;
  const own = {
    properties: { task: { properties: { name: { enum: ['command', 'module'] } }, required: ['name'] } },
  };
  const strict = {
    space: { anyOf: [{ type: 'string' }, spaceBody()] },
    defaults: parameterSetSchema(),
  };
  return {
    $schema: draft,
    title: 'rgsweep sweep',
    ...rest,
    properties: {
      ...properties,
      defaults: {
        type: 'object',
        description: 'Parameters of every trial unless its own set says otherwise',
        additionalProperties: scalar,
      },
      contenders: {
        ...properties['contenders'],
        additionalProperties: { type: 'object', additionalProperties: scalar },
      },
      baselines: {
        ...properties['baselines'],
        items: { enum: Object.keys(presets) },
        uniqueItems: true,
        description: 'Presets that always run to the last rung and are reported beside the search',
      },
    },
    // A program or a task of one's own has parameters of any name, and figures of any name.
    if: own,
    then: {},
    else: { properties: { ...strict, objective: builtInObjective() } },
  };
}

/** Figures that the built-in tasks have. */
function builtInObjective(): JsonSchema {
  const one = { properties: { metric: { enum: [...builtInMetrics] } } };
  return { if: { type: 'array' }, then: { items: one }, else: one };
}

/** Every schema by its file's name in docs/schema. */
export function allSchemas(): Record<string, JsonSchema> {
  return {
    'sweep.schema.json': sweepSchema(),
    'search-space.schema.json': searchSpaceSchema(),
    'parameters.schema.json': parametersSchema(),
  };
}
