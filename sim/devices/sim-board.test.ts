import { describeBoardContract } from '../../src/ports/board.contract.ts'
import { SimBoard } from './sim-board.ts'

describeBoardContract('the simulated board', async () => new SimBoard())
