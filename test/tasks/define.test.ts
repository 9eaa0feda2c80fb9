import { expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { checkTaskModel } from '../../src/tasks/define.js';

const nothing = () => undefined;
const whole = { initialize: nothing, batches: nothing, objective: nothing, residual: nothing };

it('takes a model that has all its functions', () => {
  expect(() => checkTaskModel('coins', whole)).not.toThrow();
});

it.each(Object.keys(whole))('says which function a model lacks: %s', (field) => {
  const { [field as keyof typeof whole]: _, ...rest } = whole;
  const check = () => checkTaskModel('coins', rest);
  expect(check).toThrow(RgsweepError);
  expect(check).toThrow(`what coins's model() returns needs a function ${field}; it has undefined`);
});

it.each([undefined, null, 7, 'network'])('refuses what is no model at all: %s', (value) => {
  expect(() => checkTaskModel('coins', value)).toThrow(/needs a function initialize/);
});
