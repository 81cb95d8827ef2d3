export type Fields = Readonly<Record<string, string>>

/** `{{field}}`, with what it stands for escaped by `escape`. What is not known is empty; which names there are was checked at the start. */
export const filled = (template: string, fields: Fields, escape: (value: string) => string): string =>
  template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_whole, name: string) => escape(fields[name] ?? ''))

export const asIs = (value: string): string => value
/** For a part of a path or a query. */
export const forUrl = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
/** To stand between quotes in JSON. */
export const forJson = (value: string): string => JSON.stringify(value).slice(1, -1)
