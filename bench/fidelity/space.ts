import { parseSpace } from '../../src/space/parse.js';
import type { Parameters, Parameter, SearchSpace } from '../../src/space/types.js';
import { activeParameters } from '../../src/space/validate.js';
import { gridValue, gridCount, stepOf } from '../../src/space/values.js';

/**
 * What is searched: the usual choices of a small network's training, as whole exponents where they are logarithmic, so that a
 * table can hold every configuration.
 */
export const tableSpace: SearchSpace = parseSpace(
  {
    parameters: {
      optimizer: { type: 'categorical', choices: ['sgd', 'adam'] },
      momentum: { type: 'float', low: 0, high: 0.9, step: 0.45, when: { optimizer: ['sgd'] } },
      /** Learning rate 4^rate. */
      rate: { type: 'int', low: -5, high: 0 },
      /** Units of a hidden layer, 2^width. */
      width: { type: 'int', low: 2, high: 5 },
      layers: { type: 'int', low: 1, high: 2 },
      /** Rows of a batch, 2^batch. */
      batch: { type: 'int', low: 3, high: 7, step: 2 },
      /** Weight decay 10^decay. */
      decay: { type: 'int', low: -3, high: -1, step: 2 },
    },
  },
  'bench/fidelity',
);

function valuesOf(parameter: Parameter): readonly (string | number | boolean)[] {
  if (parameter.type === 'categorical') return parameter.choices;
  if (parameter.type === 'fixed') return [parameter.value];
  const count = gridCount(parameter.low, parameter.high, stepOf(parameter))!;
  return Array.from({ length: count }, (_, index) => gridValue(parameter, index));
}

/** Every configuration of the space, parents varying slowest: the rows of the table. */
export function allConfigurations(): Parameters[] {
  let rows: Record<string, string | number | boolean>[] = [{}];
  for (const parameter of tableSpace.parameters)
    rows = rows.flatMap((row) =>
      activeParameters(tableSpace, row).includes(parameter)
        ? valuesOf(parameter).map((value) => ({ ...row, [parameter.name]: value }))
        : [row],
    );
  return rows;
}

/** A configuration's name: the same for equal sets, whatever the order of their keys. */
export function configurationKey(parameters: Parameters): string {
  return tableSpace.parameters.map(({ name }) => String(parameters[name] ?? '')).join(' ');
}
