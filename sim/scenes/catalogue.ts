import type { Clothes } from './figures.ts'

/** A stop on the way: where somebody is at that moment. Between two stops they go straight, at an even pace. */
export type Stop = {
  readonly atS: number
  /** Metres to the right of the door's middle, and away from it. */
  readonly x: number
  readonly z: number
  /** How far the arm is stretched towards the button. */
  readonly reach?: number
  readonly carries?: boolean
}

export type Actor =
  | { readonly kind: 'person'; readonly clothes: Clothes; readonly stops: readonly Stop[] }
  | { readonly kind: 'car' | 'dog'; readonly colour: string; readonly stops: readonly Stop[] }
  /** Lies where it was put, from its first stop on. */
  | { readonly kind: 'parcel'; readonly stops: readonly Stop[] }

export type Scene = {
  readonly about: string
  readonly seconds: number
  readonly light: 'day' | 'night'
  /** 0 none … 1 a storm; 1.6 tears at the trees. */
  readonly wind: number
  /** 0 none … 1 as strong as it gets. */
  readonly clouds: number
  readonly rain: number
  /** How many are about. */
  readonly insects: number
  /** Moths right before the lens, at a time. */
  readonly moths: number
  /** Cars out of sight throw their light into the picture: softly, or cut by a gap in the hedge. */
  readonly beams: boolean | 'cut'
  /** A tree close by, whose leaves and their shadows fill a good part of the picture. */
  readonly nearTree: boolean
  readonly things: readonly ('flag' | 'clock' | 'web')[]
  /** How far the wind shakes the camera, in shares of the picture's height. */
  readonly shake: number
  /** How much the exposure hunts, 0 to 1. */
  readonly hunting: number
  /** When the camera changes its exposure by a third of a stop or more, there and back. */
  readonly exposureJumpsS: readonly number[]
  /** When the camera switches between day and infrared night. */
  readonly switchesS: readonly number[]
  readonly actors: readonly Actor[]
}

const CALM: Omit<Scene, 'about' | 'seconds'> = {
  light: 'day',
  wind: 0.06,
  clouds: 0,
  rain: 0,
  insects: 0,
  moths: 0,
  beams: false,
  nearTree: false,
  things: [],
  shake: 0,
  hunting: 0,
  exposureJumpsS: [],
  switchesS: [],
  actors: [],
}

const ANNA: Clothes = { coat: '#b3392f', trousers: '#2f3a4f', hair: '#3b2a1e', skin: '#d9a583', tallM: 1.7 }
const BEN: Clothes = { coat: '#3d5a73', trousers: '#4a443d', hair: '#1f1b18', skin: '#b98362', tallM: 1.83 }
const POST: Clothes = { coat: '#d9b13b', trousers: '#2c3038', hair: '#5a4632', skin: '#d6ac8b', tallM: 1.76 }

/** Along the sidewalk, through the gate, up to the door, waits, rings, waits, and back the same way. */
const visit = (clothes: Clothes, fromS: number, waitS: number): Actor => {
  const rings = fromS + 11.6
  const leaves = rings + 1.2 + waitS
  return {
    kind: 'person',
    clothes,
    stops: [
      { atS: fromS, x: 11.6, z: 13.4 },
      { atS: fromS + 5.6, x: 0.35, z: 12.9 },
      { atS: fromS + 10.8, x: 0.1, z: 2.75 },
      { atS: rings, x: 0.12, z: 2.7, reach: 0 },
      { atS: rings + 0.4, x: 0.14, z: 2.67, reach: 1 },
      { atS: rings + 0.8, x: 0.14, z: 2.67, reach: 1 },
      { atS: rings + 1.2, x: 0.1, z: 2.7, reach: 0 },
      { atS: leaves, x: 0.1, z: 2.7 },
      { atS: leaves + 4.9, x: -0.3, z: 12.9 },
      { atS: leaves + 10.3, x: -12, z: 13.4 },
    ],
  }
}

const deliver = (fromS: number): readonly Actor[] => [
  {
    kind: 'person',
    clothes: POST,
    stops: [
      { atS: fromS, x: -12, z: 13.4, carries: true },
      { atS: fromS + 5.6, x: -0.3, z: 12.9, carries: true },
      { atS: fromS + 10.6, x: -0.35, z: 3.3, carries: true },
      { atS: fromS + 12, x: -0.35, z: 3.2, carries: false },
      { atS: fromS + 17, x: 0.2, z: 12.9 },
      { atS: fromS + 22.6, x: 12, z: 13.4 },
    ],
  },
  { kind: 'parcel', stops: [{ atS: fromS + 12, x: -0.42, z: 3.05 }] },
]

const drive = (colour: string, fromS: number, { lasts = 2.6, to = 1, z = 17 } = {}): Actor => ({
  kind: 'car',
  colour,
  stops: [
    { atS: fromS, x: -21 * to, z },
    { atS: fromS + lasts, x: 21 * to, z },
  ],
})

const dog = (fromS: number): Actor => ({
  kind: 'dog',
  colour: '#8a6038',
  stops: [
    { atS: fromS, x: 7.5, z: 6.5 },
    { atS: fromS + 2.2, x: 1.6, z: 5.4 },
    { atS: fromS + 3.6, x: -0.6, z: 4.6 },
    { atS: fromS + 5.2, x: -0.9, z: 4.5 },
    { atS: fromS + 7.8, x: -7.5, z: 6.2 },
  ],
})

const quietNight: Partial<Scene> = { light: 'night', wind: 0.04 }

const DUSK: Clothes = { coat: '#55653f', trousers: '#4f5c3b', hair: '#46513a', skin: '#7d7a60', tallM: 1.74 }
const CHILD: Clothes = { coat: '#4a7fb0', trousers: '#6b5a48', hair: '#7a5a34', skin: '#dbac8c', tallM: 1.05 }

/** Somebody on a way of one's own. */
const walk = (clothes: Clothes, ...stops: readonly Stop[]): Actor => ({ kind: 'person', clothes, stops })

/** Along the far side of the street, at a stroll. */
const stroll = (clothes: Clothes, fromS: number): Actor =>
  walk(clothes, { atS: fromS, x: -13.6, z: 14 }, { atS: fromS + 27, x: 13.6, z: 14 })

/** Every scene there is, as data. Those without actors have nobody in them, however much they move. */
export const SCENES = {
  'walk-up': {
    ...CALM,
    about: 'somebody comes up the path, waits, rings, leaves',
    seconds: 28,
    clouds: 0.15,
    actors: [visit(ANNA, 2.5, 3.5)],
  },
  'walk-up-night': {
    ...CALM,
    ...quietNight,
    about: 'the same at night, by infrared light',
    seconds: 28,
    insects: 1,
    actors: [visit(BEN, 2.5, 3.5)],
  },
  'long-wait': {
    ...CALM,
    about: 'somebody rings and stands almost still for half a minute',
    seconds: 64,
    actors: [visit(BEN, 4, 30)],
  },
  'two-visits': {
    ...CALM,
    about: 'two people, one after the other',
    seconds: 70,
    wind: 0.3,
    actors: [visit(ANNA, 4, 3), visit(BEN, 36, 6)],
  },
  delivery: { ...CALM, about: 'a parcel is put down and stays', seconds: 50, actors: deliver(3) },
  'car-passes': {
    ...CALM,
    about: 'cars on the street',
    seconds: 30,
    actors: [drive('#a9312c', 6), drive('#d8dadd', 18, { to: -1, z: 19, lasts: 3.2 })],
  },
  'night-car': {
    ...CALM,
    ...quietNight,
    about: 'a car with its lights on, at night',
    seconds: 24,
    actors: [drive('#9a9da1', 10)],
  },
  dog: { ...CALM, about: 'a dog trots over the lawn', seconds: 20, actors: [dog(5)] },
  'rain-visit': {
    ...CALM,
    about: 'somebody comes in heavy rain',
    seconds: 46,
    wind: 0.4,
    rain: 1,
    clouds: 0.3,
    actors: [visit(POST, 12, 4)],
  },
  'windy-visit': {
    ...CALM,
    about: 'somebody comes while a storm shakes the trees',
    seconds: 52,
    wind: 1,
    actors: [visit(BEN, 18, 4)],
  },
  empty: { ...CALM, about: 'nobody, nothing', seconds: 600 },
  'empty-night': { ...CALM, ...quietNight, about: 'nobody, at night', seconds: 600 },
  rain: { ...CALM, about: 'nobody, heavy rain', seconds: 600, rain: 1, wind: 0.3 },
  'rain-night': {
    ...CALM,
    ...quietNight,
    about: 'nobody, rain in the infrared lamp',
    seconds: 600,
    rain: 0.8,
  },
  'swaying-tree': { ...CALM, about: 'nobody, a storm shakes the trees', seconds: 600, wind: 1 },
  clouds: { ...CALM, about: 'nobody, the sun comes and goes', seconds: 600, clouds: 1, wind: 0.25 },
  headlights: {
    ...CALM,
    ...quietNight,
    about: 'nobody, headlights sweep over the garden',
    seconds: 600,
    beams: true,
  },
  insects: {
    ...CALM,
    ...quietNight,
    about: 'nobody, insects in the infrared lamp',
    seconds: 600,
    insects: 4,
  },
  exposure: {
    ...CALM,
    about: 'nobody, the camera changes its exposure',
    seconds: 60,
    exposureJumpsS: [10, 17, 30, 34, 48],
  },
  'ir-switch': {
    ...CALM,
    about: 'nobody, the camera switches to infrared and back',
    seconds: 60,
    switchesS: [20, 40],
  },
  'near-tree': {
    ...CALM,
    about: 'nobody, a tree close by and its shadow in strong wind',
    seconds: 600,
    wind: 1,
    nearTree: true,
    clouds: 0.4,
  },
  gale: {
    ...CALM,
    about: 'nobody, gusts tear at the trees',
    seconds: 600,
    wind: 1.6,
    nearTree: true,
    clouds: 0.7,
  },
  'gale-night': {
    ...CALM,
    light: 'night',
    about: 'nobody, a gale at night',
    seconds: 600,
    wind: 1.4,
    nearTree: true,
  },
  moths: { ...CALM, ...quietNight, about: 'nobody, moths at the lens', seconds: 600, moths: 2, insects: 3 },
  sweeps: {
    ...CALM,
    ...quietNight,
    about: 'nobody, headlights through a gap sweep over wall and lawn',
    seconds: 600,
    beams: 'cut',
  },
  flag: {
    ...CALM,
    about: 'nobody, a flag in changing wind',
    seconds: 600,
    wind: 0.7,
    clouds: 0.3,
    things: ['flag'],
  },
  clock: { ...CALM, about: 'nobody, a clock ticks and a stamp counts', seconds: 600, things: ['clock'] },
  web: {
    ...CALM,
    ...quietNight,
    about: 'nobody, a web swings before the lens at night',
    seconds: 600,
    wind: 0.6,
    insects: 1,
    things: ['web'],
  },
  shake: { ...CALM, about: 'nobody, the wind shakes the camera', seconds: 600, wind: 0.8, shake: 0.012 },
  hunting: { ...CALM, about: 'nobody, the exposure hunts', seconds: 600, hunting: 1, clouds: 0.5, wind: 0.2 },
  storm: {
    ...CALM,
    about: 'nobody, rain, gusts and a shaking camera',
    seconds: 600,
    rain: 1,
    wind: 1.3,
    clouds: 0.6,
    shake: 0.006,
  },
  'storm-night': {
    ...CALM,
    light: 'night',
    about: 'nobody, rain and gusts in the infrared lamp',
    seconds: 600,
    rain: 1,
    wind: 1.2,
    insects: 1,
  },
  'far-walker': {
    ...CALM,
    about: 'somebody strolls by, far away',
    seconds: 44,
    wind: 0.3,
    actors: [stroll(BEN, 8)],
  },
  'dark-coat': {
    ...CALM,
    about: 'clothes like the ground',
    seconds: 42,
    wind: 0.2,
    actors: [visit(DUSK, 8, 2)],
  },
  'dark-coat-night': {
    ...CALM,
    ...quietNight,
    about: 'clothes like the ground, at night',
    seconds: 42,
    actors: [visit(DUSK, 8, 2)],
  },
  child: {
    ...CALM,
    about: 'a child comes up the path',
    seconds: 42,
    wind: 0.3,
    actors: [visit(CHILD, 8, 2)],
  },
  'dog-night': {
    ...CALM,
    ...quietNight,
    about: 'a dog at night, among insects',
    seconds: 24,
    insects: 2,
    actors: [dog(9)],
  },
  'car-at-border': {
    ...CALM,
    about: 'a car noses into the picture and backs out',
    seconds: 34,
    actors: [
      {
        kind: 'car',
        colour: '#8d9196',
        stops: [
          { atS: 10, x: -20, z: 17 },
          { atS: 12, x: -13.4, z: 17 },
          { atS: 16, x: -13.4, z: 17 },
          { atS: 18.5, x: -20, z: 17 },
        ],
      },
    ],
  },
  'straight-up': {
    ...CALM,
    about: 'somebody comes straight towards the camera',
    seconds: 40,
    wind: 0.3,
    actors: [
      walk(
        BEN,
        { atS: 8, x: 0.6, z: 26 },
        { atS: 22, x: 0.1, z: 3 },
        { atS: 25, x: 0.1, z: 3 },
        { atS: 31, x: 4.6, z: 4 },
      ),
    ],
  },
  'drop-off': {
    ...CALM,
    about: 'somebody throws a parcel down and is gone within three seconds',
    seconds: 40,
    actors: [
      walk(
        POST,
        { atS: 14, x: 4.4, z: 4, carries: true },
        { atS: 15.6, x: 0.9, z: 3.4, carries: true },
        { atS: 16, x: 0.9, z: 3.4 },
        { atS: 17.4, x: 4.4, z: 4 },
      ),
      { kind: 'parcel', stops: [{ atS: 16, x: 0.9, z: 3.3 }] },
    ],
  },
  'after-jump': {
    ...CALM,
    about: 'somebody comes just after the exposure jumped',
    seconds: 34,
    exposureJumpsS: [9.8],
    actors: [
      walk(
        ANNA,
        { atS: 9, x: 6.2, z: 5 },
        { atS: 14, x: 0.2, z: 3 },
        { atS: 17, x: 0.2, z: 3 },
        { atS: 22, x: -5.5, z: 4.6 },
      ),
    ],
  },
  'storm-visit': {
    ...CALM,
    about: 'somebody comes in a storm that shakes camera and trees',
    seconds: 60,
    rain: 1,
    wind: 1.3,
    clouds: 0.6,
    shake: 0.006,
    actors: [visit(BEN, 24, 4)],
  },
  'storm-night-visit': {
    ...CALM,
    light: 'night',
    about: 'somebody comes in a storm at night',
    seconds: 60,
    rain: 1,
    wind: 1.2,
    insects: 1,
    actors: [visit(ANNA, 24, 4)],
  },
  'shake-visit': {
    ...CALM,
    about: 'somebody comes while the wind shakes the camera',
    seconds: 56,
    wind: 0.8,
    shake: 0.012,
    actors: [visit(BEN, 20, 4)],
  },
} as const satisfies Record<string, Scene>

export type SceneName = keyof typeof SCENES
