import { defineConfig } from 'vitest/config';

// npm run test:soak: proofs that take minutes and are no part of `npm test`.
export default defineConfig({
  test: {
    include: ['test/soak/**/*.soak.ts'],
    pool: 'forks',
    maxWorkers: 1,
    hookTimeout: 180_000,
    disableConsoleIntercept: true,
  },
});
