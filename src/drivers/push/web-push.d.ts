/** What we use of the package, which brings no types. https://github.com/web-push-libs/web-push#readme */
declare module 'web-push' {
  export type RequestDetails = {
    readonly method: 'POST'
    readonly headers: Record<string, string | number>
    readonly body: Buffer
    readonly endpoint: string
  }

  /** It is CommonJS: there is no other export. */
  const webPush: {
    generateRequestDetails(
      subscription: {
        readonly endpoint: string
        readonly keys: { readonly p256dh: string; readonly auth: string }
      },
      payload: Buffer,
      options: {
        readonly TTL: number
        readonly urgency: 'normal' | 'high'
        readonly contentEncoding: 'aes128gcm'
        readonly vapidDetails: {
          readonly subject: string
          readonly publicKey: string
          readonly privateKey: string
        }
      },
    ): RequestDetails
  }
  export default webPush
}
