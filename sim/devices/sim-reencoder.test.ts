import { box } from '../../src/media/boxes.ts'
import { describeReencoderContract } from '../../src/ports/reencoder.contract.ts'
import { createSimReencoder } from './sim-reencoder.ts'

const film = [box('ftyp'), ...Array.from({ length: 20 }, () => box('moof'))]

describeReencoderContract('the simulated encoder', async () => ({ reencoder: createSimReencoder(), film }))
