import { scheduleParameterRules } from '../schedule/parameters.js';
import { trainingParameterRules } from '../train/parameters.js';
import { choiceDescriptions } from './choiceDescriptions.js';
import { parameterDescriptions } from './parameterDescriptions.js';

type Rule =
  | (typeof scheduleParameterRules)[keyof typeof scheduleParameterRules]
  | (typeof trainingParameterRules)[keyof typeof trainingParameterRules];

/** Defaults that depend on something else. */
const otherwise: Readonly<Record<string, string>> = {
  heatMass2: '0.25 of `heat`, else 0',
  decaySteps: 'in a sweep its longest rung, else 3000',
};

function boundsOf(rule: Rule): string {
  if ('choices' in rule) return rule.choices.map((choice) => `\`${choice}\``).join(', ');
  if (!('low' in rule)) return '`true`, `false`';
  const whole = 'integer' in rule && rule.integer === true ? 'whole, ' : '';
  const above = 'above' in rule && rule.above === true;
  return above ? `${whole}above ${rule.low}, at most ${rule.high}` : `${whole}${rule.low} … ${rule.high}`;
}

function table(rules: Readonly<Record<string, Rule>>): string[] {
  return [
    '| parameter | meaning | default | values |',
    '| --- | --- | --- | --- |',
    ...Object.entries(rules).map(([name, rule]) => {
      const meaning = parameterDescriptions[name as keyof typeof parameterDescriptions];
      // A bar would end the cell.
      return `| \`${name}\` | ${meaning.replaceAll('|', '\\|')} | ${otherwise[name] ?? `\`${rule.default}\``} | ${boundsOf(rule)} |`;
    }),
  ];
}

/** docs/parameters.md: every parameter of a trial with its meaning, default and bounds, and what each choice means. */
export function parametersDocument(): string {
  const choices = Object.entries(choiceDescriptions).flatMap(
    ([name, meanings]: [string, Record<string, string>]) => [
      '',
      `### \`${name}\``,
      '',
      '| value | meaning |',
      '| --- | --- |',
      ...Object.entries(meanings).map(
        ([value, meaning]) => `| \`${value}\` | ${meaning.replaceAll('|', '\\|')} |`,
      ),
    ],
  );
  return [
    '# Parameters',
    '',
    'What a trial can be told, in `defaults` and `contenders` of a [sweep file](sweep-file.md), as an axis of a search space, in a file for',
    '`rgsweep schedule`, and with `rgsweep enqueue`. What is not said takes its default. [science.md](science.md) has the equations; Λ is the cutoff,',
    'ℓ the place of a component in the order, w = `cutoffWidth`, K = α² the part of the signal’s variance that is left, γ minus the log-SNR.',
    'Parameters that the chosen kinds do not use are ignored: `betaMin` without `vp-linear-beta` is.',
    '',
    'This page is generated from `src/sweep/parameterDescriptions.ts`, `src/sweep/choiceDescriptions.ts` and the code’s own bounds by',
    '`node scripts/document-parameters.mjs`; a test keeps it current.',
    '',
    '## Of the noise schedule',
    '',
    ...table(scheduleParameterRules),
    '',
    '## Of the training',
    '',
    ...table(trainingParameterRules),
    '',
    '## Choices',
    ...choices,
    '',
  ].join('\n');
}
