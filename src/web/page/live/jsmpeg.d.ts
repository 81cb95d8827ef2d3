/** As much of it as we use; the package brings no types. */
declare module '@cycjimmy/jsmpeg-player' {
  type PlayerOptions = {
    readonly canvas: HTMLCanvasElement
    readonly source: new () => object
    readonly audio: false
    readonly disableWebAssembly: true
    readonly pauseWhenHidden: false
    readonly onVideoDecode: () => void
  }
  const JSMpeg: { readonly Player: new (url: string, options: PlayerOptions) => { destroy(): void } }
  export default JSMpeg
}
