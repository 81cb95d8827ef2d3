export { DATA_FORMAT } from './data-format.ts'
