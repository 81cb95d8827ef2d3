import { describe, expect, it } from 'vitest'
import { isTopicFilter, matchesTopic } from './topic-filter.ts'

describe('a subscription', () => {
  it.each<[string, string, boolean]>([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a/b/c', false],
    ['a/+/c', 'a/b/c', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a', true],
    ['a/#', 'b', false],
    ['#', 'a/b', true],
    ['#', '$SYS/uptime', false],
    ['+/uptime', '$SYS/uptime', false],
    ['$SYS/#', '$SYS/uptime', true],
  ])('to %s with the topic %s: %s', (filter, topic, expected) => {
    expect(matchesTopic(filter, topic)).toBe(expected)
  })

  it.each(['a', 'a/b', '+', '#', '+/b/#', '/a', 'a//b', 'a/'])('may be made to %j', (filter) => {
    expect(isTopicFilter(filter)).toBe(true)
  })

  it.each(['', 'a#', '#/a', 'a/b+', 'a/#/b', 'a\0'])('may not be made to %j', (filter) => {
    expect(isTopicFilter(filter)).toBe(false)
  })
})
