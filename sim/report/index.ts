/**
 * Reports: what a story came to, for people (a page, a terminal) and for build servers. Pure functions; whoever calls them
 * reads the pictures and writes the files.
 */
export { storyPage, type PageOf } from './page.ts'
export { junitXml } from './junit.ts'
export { describeOutcome, describeOutcomes, type StoryResult } from './terminal.ts'
export { failuresOf, hasPassed, type Failure } from './failures.ts'
export type { Thumbnail } from './lane.ts'
export { momentsOf, type VisitMoment } from './moments.ts'
export type { Picture } from './still.ts'
export { videoPage, type VideoPageOf, type VisitStill } from './video-page.ts'
