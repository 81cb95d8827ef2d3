// Who may import whom, one rule a sentence; tests, contract suites and fixtures are freer than the product.
// scripts/checks/boundaries.ts runs the rules and proves that each one fires.
const FEATURES =
  'capture|night|detect|recognise|gate|lines|visits|clips|vault|ledger|upload|mqtt|owner|config|health|chime|clock-trust|' +
  'live|talk|members|web|rings|activity|settings|push|orders|actions|quiet|update|lamp'
const TEST = '[.](test|contract|fixture)[.]ts$'
const PAGE = '^src/web/page/'
const NPM = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown']
const HARDWARE =
  '^(node:)?(fs|net|http|https|http2|tls|dgram|dns|timers|child_process|cluster|worker_threads|os|process|readline|repl|vm|perf_hooks|sqlite|inspector|v8|wasi|tty)(/|$)'

module.exports = {
  forbidden: [
    {
      name: 'base-stands-alone',
      comment: 'base/ is the language we speak everywhere; it knows nothing of doorbells, Node or packages.',
      from: { path: '^src/base/', pathNot: TEST },
      to: { pathNot: '^src/base/' },
    },
    {
      name: 'media-is-pure',
      comment: 'media/ turns bytes into bytes: base/ is all it needs.',
      from: { path: '^src/media/', pathNot: TEST },
      to: { pathNot: '^src/(base|media)/' },
    },
    {
      name: 'formats-are-pure',
      comment:
        'formats/ are pages of a standard: base/, zod to check what is read, and node:crypto, @scure/base and age-encryption.',
      from: { path: '^src/formats/', pathNot: TEST },
      to: {
        pathNot: [
          '^src/(base|formats)/',
          '^(node:)?crypto$',
          'node_modules/(@scure/base|age-encryption|zod)/',
        ],
      },
    },
    {
      name: 'ports-are-contracts',
      comment: 'A port is types and words: base/, and types of media/.',
      from: { path: '^src/ports/', pathNot: TEST },
      to: { pathNot: ['^src/(ports|base)/', '^src/media/'] },
    },
    {
      name: 'ports-borrow-types-only',
      comment: 'A port may speak of media, but does nothing with it.',
      from: { path: '^src/ports/', pathNot: TEST },
      to: { path: '^src/media/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'drivers-only-implement',
      comment: 'A driver fulfils a port; it never reaches up into a feature.',
      from: { path: '^src/drivers/', pathNot: TEST },
      to: { path: '^(src|sim|scripts|test-fixtures)/', pathNot: '^src/(drivers|ports|base|media)/' },
    },
    {
      name: 'commands-choose-drivers',
      comment: 'Only a command, or the simulator, knows which hardware there is.',
      from: { path: '^src/', pathNot: ['^src/(commands|drivers)/', TEST] },
      to: { path: '^src/drivers/' },
    },
    {
      name: 'features-meet-in-doorbell',
      comment:
        'A feature may use a sibling as a type (its contract), never as a value: doorbell.ts introduces them.',
      from: { path: `^src/(${FEATURES})/`, pathNot: TEST },
      to: { path: `^src/(${FEATURES})/`, pathNot: '^src/$1/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'features-know-contracts',
      comment: 'A feature leans on ports/, base/, media/ and formats/; it does not know who uses it.',
      from: { path: `^src/(${FEATURES})/`, pathNot: TEST },
      to: {
        path: '^(src|sim|scripts|test-fixtures)/',
        pathNot: `^src/(ports|base|media|formats|${FEATURES})/`,
      },
    },
    {
      name: 'front-door-only',
      comment: 'Everybody else knocks at index.ts; the rest of a feature is a private room.',
      from: { path: '^((?:src|sim|scripts)/[^/]+)' },
      to: { path: `^src/(${FEATURES})/`, pathNot: ['^$1/', '/index[.]ts$'] },
    },
    {
      name: 'device-never-holds-an-identity',
      comment:
        'Only the owner’s own commands touch owner/, where private keys are, and the checkers, who look with the owner’s eyes: the doorbell cannot even name one.',
      from: { path: '^(src|sim)/', pathNot: ['^src/(owner|commands)/', '^sim/checkers/', TEST] },
      to: { path: '^src/owner/' },
    },
    {
      name: 'main-picks-a-command',
      comment: 'main.ts knows base/ and the commands, nothing else.',
      from: { path: '^src/main[.]ts$' },
      to: { path: '^(src|sim)/', pathNot: '^src/(base|commands)/' },
    },
    {
      name: 'nobody-calls-commands',
      comment: 'Commands are where people come in; no other code starts them.',
      from: { path: '^(src|sim)/', pathNot: ['^src/(commands/|main[.]ts$)', TEST] },
      to: { path: '^src/(commands/|main[.]ts$)' },
    },
    {
      name: 'product-does-not-know-the-sim',
      comment: 'The product runs without the simulator; only the commands that are about it may open it.',
      from: {
        path: '^src/',
        pathNot: [
          '^src/commands/(sim|cloud|owner)[^/]*[.]ts$',
          '^src/commands/(sim|cloud|owner)[^/]*/',
          TEST,
        ],
      },
      to: { path: '^(sim|test-fixtures|scripts)/' },
    },
    {
      name: 'sim-replaces-drivers',
      comment:
        'The simulator proves features; with real drivers it would prove nothing. Only ffmpeg, to replay a file, the order of calls that makes a file durable, to cut its power, and the index that is opened when it can be.',
      from: { path: '^sim/', pathNot: TEST },
      to: {
        path: '^(src/drivers/|scripts/)',
        pathNot: '^src/drivers/(ffmpeg(/|[.-])|(durable-disk|lazy-records)[.]ts$)',
      },
    },
    {
      name: 'io-lives-in-drivers',
      comment: 'Disk, network, timers and processes are ports. Ask for one instead.',
      from: { path: [`^src/(${FEATURES})/`, '^src/(?!main)[^/]+[.]ts$'], pathNot: TEST },
      to: { path: HARDWARE },
    },
    {
      name: 'npm-by-invitation',
      comment: 'A feature that needs a package is named here, with the package.',
      from: {
        path: [`^src/(${FEATURES})/`, '^src/(?!main)[^/]+[.]ts$'],
        pathNot: ['^src/(config|owner|vault|members|web|orders)/', TEST],
      },
      to: { dependencyTypes: NPM },
    },
    {
      name: 'npm-by-invitation-config',
      comment: 'config/ reads YAML and checks it with zod.',
      from: { path: '^src/config/', pathNot: TEST },
      to: { dependencyTypes: NPM, pathNot: 'node_modules/(zod|yaml)/' },
    },
    {
      name: 'npm-by-invitation-keys',
      comment: 'owner/ and vault/ use age, the recovery words, and what signs an order.',
      from: { path: '^src/(owner|vault)/', pathNot: TEST },
      to: { dependencyTypes: NPM, pathNot: 'node_modules/(age-encryption|@scure/(base|bip39)|jose)/' },
    },
    {
      name: 'npm-by-invitation-orders',
      comment: 'orders/ has signatures checked by jose, and by nothing of its own.',
      from: { path: '^src/orders/', pathNot: TEST },
      to: { dependencyTypes: NPM, pathNot: 'node_modules/jose/' },
    },
    {
      name: 'npm-by-invitation-members',
      comment: 'members/ has passkeys checked by the library that knows all their formats.',
      from: { path: '^src/members/', pathNot: TEST },
      to: { dependencyTypes: NPM, pathNot: 'node_modules/@simplewebauthn/server/' },
    },
    {
      name: 'npm-by-invitation-web',
      comment: 'web/ checks what comes in with zod.',
      from: { path: '^src/web/(?!page/)', pathNot: TEST },
      to: { dependencyTypes: NPM, pathNot: 'node_modules/zod/' },
    },
    {
      name: 'no-circles',
      comment: 'What needs each other is one thing: make it one, or turn one arrow into a type.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-test-from-product',
      comment: 'Tests may know the product; the product may not know its tests.',
      from: { pathNot: TEST },
      to: { path: TEST },
    },
    {
      name: 'packages-are-declared',
      comment: 'Every import exists, and every package stands in package.json.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'no-dev-package-in-product',
      comment: 'What runs on the doorbell does not need the workshop’s tools.',
      from: { path: '^(src|sim)/', pathNot: [PAGE, TEST] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'page-runs-in-a-browser',
      comment:
        'The page is itself, base/ and media/, which are pure, and the packages named here; Node and the rest of the device are not there.',
      from: { path: PAGE, pathNot: TEST },
      to: {
        pathNot: [
          PAGE,
          '^src/(base|media)/',
          '^src/web/api[.]ts$',
          'node_modules/(preact|@noble/(ciphers|curves)|@scure/bip39|@simplewebauthn/browser|@cycjimmy/jsmpeg-player|uqr)/',
        ],
      },
    },
    {
      name: 'page-borrows-words-only',
      comment: 'What page and device say to each other is types; code of the server is no code of the page.',
      from: { path: PAGE, pathNot: TEST },
      to: { path: '^src/web/api[.]ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'device-does-not-run-the-page',
      comment:
        'The page is built and served as files; nothing of it, least of all its keys, runs on the device.',
      from: { path: '^(src|sim|scripts)/', pathNot: [PAGE, TEST] },
      to: { path: PAGE },
    },
  ].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'types'],
      exportsFields: ['exports'],
    },
  },
}
