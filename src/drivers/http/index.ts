/**
 * HTTP and WebSocket with Node's own server and `ws`. No framework: there is one handler for everything, and what a framework would add
 * (routes, schemas, hooks) is not this driver's job.
 */
export { openCertificate, type DeviceCertificate } from './certificates.ts'
export { createHttpServer } from './server.ts'
