/** How long to wait before try number `attempt` (1, 2, 3 …). */
export type RetryRules = { readonly delayMsMin: number; readonly delayMsMax: number }

/**
 * Exponential backoff with full jitter: a random time between the minimum and the doubled-so-often cap,
 * so that many devices that lost the same server do not come back in step.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function retryDelayMs(attempt: number, uniform: number, rules: RetryRules): number {
  const cap = Math.min(rules.delayMsMax, rules.delayMsMin * 2 ** Math.min(attempt, 30))
  return rules.delayMsMin + uniform * Math.max(0, cap - rules.delayMsMin)
}
