export { noCamera } from './none.ts'
