// Who may import whom: the one place that says it. `npm run check` holds src/ and connectors/ to it, types and
// re-exports included. Two things this tool's swc parser cannot see are held elsewhere: import('...').T, which
// oxlint forbids outright (typescript/consistent-type-imports), and that domain, mapping, store and privacy take
// only types from the contract (test/architecture/imports.unit.test.ts, which also plants all four forms).

const everyConnector = 'contract statuses guard access mail openpgp connectors anyConnector';
const engine =
  'errors log config domain mapping store queue intake publishing delivery support privacy mails retention people backups statistics operator hosting';

/** A face reads and acts through support; it opens no table and carries nothing. */
const faced = engine.replace(' store ', ' ').replace(' delivery ', ' ');

/** zone: [where it lives, what else of ours it may import] */
const zones = {
  contract: ['^connectors/contract(\\.ts$|/)', ''],
  statuses: ['^connectors/http-status\\.ts$', 'contract'],
  guard: ['^connectors/guard(\\.ts$|/)', ''],
  access: ['^connectors/access/', 'contract statuses guard'],
  mail: ['^connectors/mail/', 'contract guard'],
  openpgp: ['^connectors/openpgp\\.ts$', 'contract guard'],
  connectors: ['^connectors/index\\.ts$', 'contract guard anyConnector'],

  errors: ['^src/errors(\\.ts$|/)', ''],
  log: ['^src/log(\\.ts$|/)', ''],
  config: ['^src/config(\\.ts$|/)', 'errors'],
  domain: ['^src/domain/', 'contract'],
  mapping: ['^src/mapping/', 'contract statuses domain errors'],
  store: ['^src/store/', 'contract domain errors'],
  queue: ['^src/queue/', 'domain errors log'],
  mails: ['^src/client-mails/', 'contract guard mail domain errors log store'],
  intake: ['^src/intake/', 'domain errors log mapping store'],
  publishing: ['^src/publishing/', 'domain errors log mapping store mails'],
  delivery: ['^src/delivery/', 'contract connectors domain errors log mapping store queue'],
  support: [
    '^src/support/',
    'contract statuses connectors domain errors log mapping store publishing delivery people privacy mails retention',
  ],
  privacy: ['^src/privacy/', 'contract domain errors log mapping store mails'],
  retention: ['^src/retention/', 'domain errors log store privacy mails'],
  people: ['^src/access/', 'domain errors log store'],
  backups: ['^src/backups/', 'domain errors log store privacy retention'],
  statistics: ['^src/statistics/', 'domain errors log store privacy'],
  operator: ['^src/operator/', 'domain errors log config store queue'],
  hosting: ['^src/hosting/', 'errors domain store privacy retention mails'],
  http: ['^src/http/', ''],
  app: ['^src/app(\\.ts$|/)', `${everyConnector} ${engine}`],
  roles: ['^src/roles/', `${everyConnector} ${engine} app`],
  sandbox: ['^sandbox/', 'app config errors log intake publishing'],
  callbacks: ['^src/callbacks/', 'http contract guard domain errors log mapping store delivery'],
  monitoring: ['^src/monitoring/', 'http domain errors log store intake publishing delivery privacy'],
  api: ['^src/api/', 'http people support domain errors log intake publishing privacy'],
  console: ['^src/console/', 'http people support domain errors log intake publishing privacy'],
  cli: ['^src/cli/', `${everyConnector} ${faced} app sandbox`],
  main: ['^src/main\\.ts$', 'app roles config errors log monitoring callbacks api console'],
};

/**
 * Rooms of the zones that have them: zone/room: [where it lives, which other rooms of its zone it may import].
 * What it may import of other zones is the zone's line above. Who widens a border says so in docs/house.md and in
 * test/architecture/rooms.unit.test.ts, which plants every import that is forbidden.
 */
const rooms = {
  'mapping/contract': ['^src/mapping/contract\\.ts$', ''],
  'mapping/document': ['^src/mapping/document/', 'contract'],
  'mapping/scope': ['^src/mapping/scope\\.ts$', 'contract document fields formats'],
  'mapping/fields': ['^src/mapping/fields/', 'contract document scope'],
  'mapping/formats': ['^src/mapping/formats/', 'contract document scope fields'],
  'mapping/consent': ['^src/mapping/consent/', 'contract document scope fields'],
  'mapping/response': ['^src/mapping/response/', 'contract document fields formats'],
  'mapping/transport': ['^src/mapping/transport/', 'contract document fields'],
  'mapping/record': ['^src/mapping/record\\.ts$', 'contract document scope fields formats consent'],
  'mapping/calls': [
    '^src/mapping/calls/',
    'contract document scope fields formats consent response transport record',
  ],
  'mapping/root': [
    '^src/mapping/(check|compile|files|actions|apply|client|go-live|load)\\.ts$',
    'contract document scope fields formats consent response transport record calls tools',
  ],
  'mapping/tools': ['^src/mapping/tools/', 'contract document fields formats response calls root'],
  'mapping/spec': ['^src/mapping/spec/', 'contract document fields response calls tools'],
  'mapping/skeleton': ['^src/mapping/skeleton/', 'contract document fields'],

  'delivery/trip': ['^src/delivery/trip/', ''],
  'delivery/planning': ['^src/delivery/planning/', 'trip'],
  'delivery/outcome': ['^src/delivery/outcome/', 'trip planning'],
  'delivery/calls': ['^src/delivery/calls/', 'trip'],
  'delivery/claim': ['^src/delivery/claim/', 'trip outcome'],
  'delivery/content': ['^src/delivery/content/', 'trip outcome calls'],
  'delivery/departure': ['^src/delivery/departure/', 'trip outcome claim content'],
  'delivery/send': ['^src/delivery/send/', 'trip outcome calls claim content'],
  'delivery/files': ['^src/delivery/files/', 'trip outcome claim content departure send'],
  'delivery/background': ['^src/delivery/background/', 'trip planning outcome content'],
  'delivery/root': [
    '^src/delivery/(plan|dispatch|deliver|pull|pull-answers|needs)\\.ts$',
    'trip planning outcome claim content departure send files',
  ],
};

const ours = '^(src|connectors|sandbox|bin|test)/';
const anyConnector = '^connectors/(?!guard/|contract/|access/|mail/)[^/]+/';
const pathOf = (zone) => (zone === 'anyConnector' ? anyConnector : zones[zone][0]);

const table = Object.entries(zones).map(([zone, [path, allowed]]) => ({
  name: `${zone}-imports`,
  comment:
    `${zone} may import, of our own files, only itself${allowed === '' ? '' : ` and: ${allowed}`}. ` +
    'A function two zones need belongs to the lower one, under a trade name.',
  severity: 'error',
  from: { path },
  to: { path: ours, pathNot: [path, ...allowed.split(' ').filter(Boolean).map(pathOf)] },
}));

const roomTable = Object.entries(rooms).map(([room, [path, allowed]]) => {
  const [zone] = room.split('/');
  const others = allowed.split(' ').filter(Boolean);
  return {
    name: `${room}-imports`,
    comment: `${room} may import, of the rooms of ${zone}, only itself${allowed === '' ? '' : ` and: ${allowed}`}.`,
    severity: 'error',
    from: { path },
    to: {
      path: zones[zone][0],
      pathNot: [path, ...others.map((other) => rooms[`${zone}/${other}`][0])],
    },
  };
});
const zonesWithRooms = [...new Set(Object.keys(rooms).map((room) => room.split('/')[0]))];

module.exports = {
  forbidden: [
    ...table,
    ...roomTable,
    {
      name: 'connector-imports',
      comment:
        'A connector imports the contract, the table of HTTP statuses, the guard, the ways to be let in, the mail session, the OpenPGP keys and itself; never another connector, never src.',
      severity: 'error',
      from: { path: '^connectors/((?!guard/|contract/|access/|mail/)[^/]+)/' },
      to: {
        path: ours,
        pathNot: [
          '^connectors/(contract|http-status)\\.ts$',
          '^connectors/guard(\\.ts$|/)',
          '^connectors/access/',
          '^connectors/mail/',
          '^connectors/openpgp\\.ts$',
          '^connectors/$1/',
        ],
      },
    },
    {
      name: 'outside-the-table',
      comment:
        'This file lives in no zone of the import table: move it to one, or give it a line of its own.',
      severity: 'error',
      from: {
        path: '^(src|connectors|sandbox)/',
        pathNot: [anyConnector, ...Object.keys(zones).map(pathOf)],
      },
      to: {},
    },
    {
      name: 'outside-the-rooms',
      comment:
        'This file lives in no room of its zone: move it to one, or give it a line of its own in `rooms`.',
      severity: 'error',
      from: {
        path: zonesWithRooms.map((zone) => zones[zone][0]),
        pathNot: Object.values(rooms).map(([path]) => path),
      },
      to: {},
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or hide a third one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'mysql2-in-store',
      comment: 'All SQL lives in src/store.',
      severity: 'error',
      from: { pathNot: '^src/store/' },
      to: { path: '(^|/)node_modules/mysql2/' },
    },
    {
      name: 'bullmq-in-queue',
      comment: 'src/queue is the only zone that knows BullMQ.',
      severity: 'error',
      from: { pathNot: '^src/queue/' },
      to: { path: '(^|/)node_modules/bullmq/' },
    },
    {
      name: 'ioredis-in-queue-and-app',
      comment: 'Redis is opened by src/app.ts and used by src/queue.',
      severity: 'error',
      from: { pathNot: '^src/(queue/|app\\.ts$)' },
      to: { path: '(^|/)node_modules/ioredis/' },
    },
    {
      name: 'pure-zones',
      comment:
        'domain and mapping compute: no disk, no network, no process. Only src/mapping/document/files.ts reads files.',
      severity: 'error',
      from: { path: '^src/(domain|mapping)/', pathNot: '^src/mapping/document/files\\.ts$' },
      to: { path: '^(node:)?(fs|os|process)(/|$)' },
    },
    {
      name: 'pure-zones-no-network',
      comment: 'domain and mapping compute: no network and no other process, the loader included.',
      severity: 'error',
      from: { path: '^src/(domain|mapping)/' },
      to: {
        path: [
          '^(node:)?(net|tls|http|https|http2|dns|dgram|child_process|cluster)(/|$)',
          '(^|/)node_modules/(axios|undici|nodemailer|ssh2|ssh2-sftp-client|fastify)/',
        ],
      },
    },
    {
      name: 'one-thread-of-mapping',
      comment:
        'mapping computes in its own thread; libxml2, which can only be loaded asynchronously, has threads of its own: one asked by what checks and writes, one that reads answers beside the event loop.',
      severity: 'error',
      from: {
        path: '^src/(domain|mapping)/',
        pathNot: '^src/mapping/(formats/xml-(thread|worker)|response/xml-reader)\\.ts$',
      },
      to: { path: '^(node:)?worker_threads(/|$)' },
    },
    {
      name: 'unresolvable',
      comment: 'The file or package does not exist. Relative imports end in .ts.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'undeclared-package',
      comment: 'The package is there by accident, through another one: add it to package.json or do without.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-packages-in-production',
      comment: 'A production install has no development packages. Only the sandbox may use them.',
      severity: 'error',
      from: { path: '^(src|connectors)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.relais|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
    },
  },
};
