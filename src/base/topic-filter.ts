/** Which topics an MQTT subscription means (MQTT 5, 4.7). */

/** `+` stands for one level, `#` at the end for all below and the level above it; topics that begin with `$` are met by neither. */
export function matchesTopic(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const given = topic.split('/')
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (index >= given.length || (level !== '+' && level !== given[index])) return false
  }
  return wanted.length === given.length
}

/** True for what may be subscribed to: not empty, no NUL, wildcards that fill their level, `#` only as the last. */
export const isTopicFilter = (filter: string): boolean =>
  filter !== '' && !filter.includes('\0') && /^([^+#]*|\+)(\/([^+#/]*|\+))*(\/#)?$|^#$/.test(filter)
