/**
 * What the data folder is written in. One number more whenever a version writes what the one before it would take for damage: a kind
 * of ledger entry, a column of the index.
 */
export const DATA_FORMAT = 1
