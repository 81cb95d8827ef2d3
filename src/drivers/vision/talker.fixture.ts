/** A child that says what it should not: its engine's argument is the model file's name, here a word for what it does. */
const [, , , how] = process.argv
const tell = (message: unknown): void => void process.send?.(message as object)

process.once('disconnect', () => process.exit(0))
if (how === 'dies at once') process.exit(132)
tell(how === 'greets with nonsense' ? { hello: 'world' } : { kind: 'ready', engine: 'onnxruntime' })
process.on('message', (question: { id: number }) => {
  if (how === 'dies when asked') process.kill(process.pid, 'SIGILL')
  if (how === 'answers with nonsense') tell({ kind: 'seen', id: question.id, sights: [{ thing: 'ghost' }] })
  if (how === 'answers another question') tell({ kind: 'seen', id: question.id + 1, sights: [] })
  if (how === 'fails') tell({ kind: 'failed', id: question.id, problem: 'no memory' })
})
