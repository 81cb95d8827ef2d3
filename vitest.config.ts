import { defineConfig } from 'vitest/config'

/** Generous on purpose: no test may depend on how fast the machine is. */
const PATIENCE_MS = 300_000

const TESTS = '{src,sim,scripts}/**/*.test.ts'
/** What needs the whole runtime is named so; scripts/test --quick leaves it out. */
const WHOLE = '{src,sim,scripts}/**/*.e2e.test.ts'

export default defineConfig({
  test: {
    setupFiles: ['scripts/checks/property-seed.ts'],
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
    expect: { poll: { timeout: 0.8 * PATIENCE_MS, interval: 10 } },
    pool: 'forks',
    maxWorkers: 2,
    // Node runs the source as it is; rewritten by Vite, whatever computes takes twice the time.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      // Files share their worker: to load the product anew for each took half a second of each.
      { extends: true, test: { name: 'units', include: [TESTS], exclude: [WHOLE], isolate: false } },
      { extends: true, test: { name: 'whole', include: [WHOLE] } },
    ],
  },
})
