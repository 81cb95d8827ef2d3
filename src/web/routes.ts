/** Every way in. What is not here does not exist; DESIGN.md has the same table in words. */
import {
  EnrolBody,
  EnrolCheckBody,
  HoldBody,
  InviteBody,
  JoinBody,
  LoginBody,
  PasskeyBody,
  PushBody,
  PushEndBody,
  RecipientsBody,
  SettingsBody,
  TestBody,
  ToldBody,
  WebrtcBody,
} from './bodies.ts'
import { on, onSocket, type Route } from './route.ts'
import { holdClip, listClips, listGrants, removeClip, serveClipFile, tellClip } from './serve-clips.ts'
import { serveEvents } from './serve-events.ts'
import {
  changeSettings,
  endPush,
  listActivity,
  putPush,
  servePressPicture,
  showPush,
  showSettings,
  showStatus,
  simulatePress,
  testSetting,
} from './serve-home.ts'
import { answerWebrtc, serveFmp4, serveMpeg1 } from './serve-live.ts'
import {
  addPasskey,
  cancelInvite,
  checkEnrolment,
  enrol,
  giveChallenge,
  invite,
  join,
  listMembers,
  login,
  logout,
  putRecipients,
  removeMember,
  removeSession,
  showMe,
} from './serve-members.ts'
import { serveAsset, servePage, serveRoot } from './serve-page.ts'

export const ROUTES: readonly Route[] = [
  on('GET', '/', 'public', servePage),
  on('GET', '/assets/*', 'public', serveAsset),
  on('GET', '/sw.js', 'public', serveAsset),
  on('GET', '/manifest.webmanifest', 'public', serveAsset),
  on('GET', '/icon*', 'public', serveAsset),
  on('GET', '/root.crt', 'public', serveRoot),

  on('POST', '/api/challenge', 'public', giveChallenge),
  on('POST', '/api/enrol/check', 'public', checkEnrolment, EnrolCheckBody),
  on('POST', '/api/enrol', 'public', enrol, EnrolBody),
  on('POST', '/api/join', 'public', join, JoinBody),
  on('POST', '/api/login', 'public', login, LoginBody),

  on('POST', '/api/logout', 'member', logout),
  on('GET', '/api/me', 'member', showMe),
  on('POST', '/api/passkeys', 'member', addPasskey, PasskeyBody),
  onSocket('/api/events', 'member', serveEvents),
  on('POST', '/api/live/webrtc', 'member', answerWebrtc, WebrtcBody),
  onSocket('/api/live/fmp4', 'member', serveFmp4),
  onSocket('/api/live/mpeg1', 'member', serveMpeg1),
  on('GET', '/api/push', 'member', showPush),
  on('PUT', '/api/push', 'member', putPush, PushBody),
  on('DELETE', '/api/push', 'member', endPush, PushEndBody),
  on('POST', '/api/simulate/press', 'member', simulatePress),

  on('GET', '/api/clips', 'household', listClips),
  on('GET', '/api/clips/:clip/grants', 'household', listGrants),
  on('GET', '/api/clips/:clip/:file', 'household', serveClipFile),
  on('POST', '/api/clips/:clip/told', 'household', tellClip, ToldBody),
  on('PUT', '/api/clips/:clip/hold', 'household', holdClip, HoldBody),
  on('GET', '/api/presses/:press/picture', 'household', servePressPicture),
  on('GET', '/api/activity', 'household', listActivity),
  on('GET', '/api/status', 'household', showStatus),
  on('GET', '/api/settings', 'household', showSettings),

  on('DELETE', '/api/clips/:clip', 'owner', removeClip),
  on('GET', '/api/members', 'owner', listMembers),
  on('POST', '/api/invites', 'owner', invite, InviteBody),
  on('DELETE', '/api/invites/:id', 'owner', cancelInvite),
  on('DELETE', '/api/members/:id', 'owner', removeMember),
  on('DELETE', '/api/sessions/:id', 'owner', removeSession),
  on('PUT', '/api/recipients', 'owner', putRecipients, RecipientsBody),
  on('PUT', '/api/settings', 'owner', changeSettings, SettingsBody),
  on('POST', '/api/settings/test', 'owner', testSetting, TestBody),
]
