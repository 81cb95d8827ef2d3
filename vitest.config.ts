import { defineConfig } from 'vitest/config'

/** Generous on purpose: no test may depend on how fast the machine is. */
const PATIENCE_MS = 300_000

export default defineConfig({
  test: {
    // What needs the whole runtime is named *.e2e.test.ts; scripts/test --quick leaves it out.
    include: ['{src,sim,scripts}/**/*.test.ts'],
    setupFiles: ['scripts/checks/property-seed.ts'],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    expect: { poll: { timeout: 0.8 * PATIENCE_MS, interval: 10 } },
    pool: 'forks',
    maxWorkers: 2,
    // Files share their worker: loading the product anew for each took as long as a quarter of all tests.
    isolate: false,
    // Node runs the source as it is; rewritten by Vite, whatever computes takes twice the time.
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
})
