/** The clips that screens show, wherever they come from. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { Fault } from '../../../base/fault.ts'
import type { ClipShelf } from '../clips/clip-shelf.ts'

export const ShelfContext = createContext<ClipShelf | undefined>(undefined)

export function useShelf(): ClipShelf {
  const shelf = useContext(ShelfContext)
  if (shelf === undefined) throw new Fault('bug', 'a screen outside of the app')
  return shelf
}
