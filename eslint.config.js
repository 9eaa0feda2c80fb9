import js from '@eslint/js';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Folders that hold pure code: no effects, no tfjs, no AWS, no Temporal (docs/architecture.md, "Direction of imports"). */
const pure = ['space', 'samplers', 'pruners', 'insight', 'sweep', 'schedule', 'basis', 'random'];
const science = ['data', 'model', 'train', 'sample', 'eval', 'tasks'];

/** @param {string[]} targets @param {string[]} forbidden @param {string} message */
const zones = (targets, forbidden, message) =>
  targets.flatMap((target) =>
    forbidden.map((from) => ({
      target: `./${target}`,
      from: `./${from}`,
      // Data descriptions without code that anything may read.
      ...(from === 'src/train' ? { except: ['./parameters.ts', './protocol.ts'] } : {}),
      message,
    })),
  );

export default tseslint.config(
  { ignores: ['vitest.config.ts', 'dist/**', 'node_modules/**', '.rgsweep/**', 'coverage/**'] },
  js.configs.recommended,
  {
    files: ['{src,workflows,activities,bench,infra,test}/**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...zones(
              pure.map((folder) => `src/${folder}`),
              [...science, 'store', 'metrics', 'report', 'stack', 'cli'].map((folder) => `src/${folder}`),
              'pure folders import no science, store, report, stack or command line',
            ),
            ...zones(
              science.map((folder) => `src/${folder}`),
              ['metrics', 'report', 'stack', 'cli'].map((folder) => `src/${folder}`),
              'training and data know nothing of reports, processes or the command line',
            ),
            ...zones(
              ['store', 'metrics'].map((folder) => `src/${folder}`),
              ['report', 'stack', 'cli', ...science].map((folder) => `src/${folder}`),
              'the store and the metrics serve everything above them and import none of it',
            ),
            ...zones(
              ['workflows'],
              [...science, 'store', 'metrics', 'report', 'stack', 'cli'].map((folder) => `src/${folder}`),
              'a workflow bundle holds only the pure reducer, pruners and types',
            ),
          ],
        },
      ],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['node:*', '@tensorflow/*', '@aws-sdk/*', 'zod', 'zod/*', 'pino', 'prom-client'] },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
      },
    },
  },
);
