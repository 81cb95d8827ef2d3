import { describeRandomContract } from '../ports/random.contract.ts'
import { nodeRandom } from './node-random.ts'

describeRandomContract('the operating system', () => nodeRandom)
