import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'sim/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 120_000, // Generous on purpose: no test may depend on how fast the machine is.
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
