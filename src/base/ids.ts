/** Ids are random hexadecimal text; the brand keeps a clip's from being used as a visit's. */
export type ClipId = string & { readonly __id: 'clip' }
export type VisitId = string & { readonly __id: 'visit' }
/** The name of an object in the cloud: random, says nothing. */
export type ObjectName = string & { readonly __id: 'object' }

export const isHexId = (text: string): boolean => /^[0-9a-f]{16,64}$/.test(text)
