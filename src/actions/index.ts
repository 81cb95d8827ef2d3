/**
 * Actions: what the owner has done besides, when something happens: an address called, a program run.
 *
 * Owns: nothing that lasts.
 * Promises: nothing waits for it, least of all the chime; each action does one thing after the other, in order, and none waits for another;
 *   what stands in a template is escaped for where it stands.
 * When full: 32 wait for each action; what comes on top of that is left out, and said.
 * When it fails: a webhook is tried three times within half a minute, a program once; then it is logged, without the address.
 * Stopping: `run` ends when its signal is aborted: what is under way is stopped, what waits is left out.
 * Not its job: deciding what is worth doing (`../action-side.ts` hands over what happened), chimes, notices, MQTT.
 * See: `../config/actions.ts` for what may be set.
 */
export { createActions, type Action, type ActionFields, type Actions, type ActionsDeps } from './actions.ts'
