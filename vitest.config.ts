import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // What needs the whole runtime is named *.e2e.test.ts; scripts/test --quick leaves it out.
    include: ['{src,sim,scripts}/**/*.test.ts'],
    setupFiles: ['scripts/checks/property-seed.ts'],
    testTimeout: 120_000, // Generous on purpose: no test may depend on how fast the machine is.
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
