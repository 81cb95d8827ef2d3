/**
 * Before each file of tests: properties are tried with the same values in every run, so that a change is judged by itself and
 * not by luck. `LINTEL_PROPERTY_SEED=random` (what `scripts/test --long` sets) looks for new ones, a number repeats a run.
 */
import fc from 'fast-check'

const wanted = process.env['LINTEL_PROPERTY_SEED'] ?? '1'
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) })
