// Bugs to plant in files and tokens: what keeps a file from being written twice, and a token from being read by others.
// Invariant: as in plants.ts: a text that is not found any more is an error.
import { zeros } from './check.ts';
import type { Plant } from './plants.ts';

export const plantsOfFiles: readonly Plant[] = [
  {
    name: 'an object may be replaced',
    // What was given up comes through late, over what has been written since: whoever watches the bucket takes it twice.
    patches: [
      {
        file: 'connectors/flow/s3/drop.ts',
        find: "onlyNew: server.conditional === false ? {} : { 'if-none-match': '*' },",
        put: 'onlyNew: {},',
      },
    ],
    red: [zeros.spoiltFiles],
    like: /essai-s3/,
    favour: ['written_late'],
    undisturbed: true,
  },
  {
    name: 'what stands is not looked at',
    // A file whose answer was lost stands in its own way.
    patches: [
      {
        file: 'connectors/flow/upload.ts',
        find: 'switch (await comparedAt(drop, final, content)) {',
        put: "switch ('nothing' as Awaited<ReturnType<typeof comparedAt>>) {",
      },
    ],
    red: [zeros.givenUp],
    like: /NAME_TAKEN/,
    favour: ['trouble', 'cut_in_mid_file'],
  },
  {
    name: 'a number for every attempt',
    // What may have arrived leaves again under another number, and each lead of it stands there twice.
    patches: [
      {
        file: 'src/delivery/content/parcel.ts',
        find: "if (batch.state === 'written' && (batch.whole === undefined || batch.whole.firstSentAt !== undefined)) {",
        put: "if (batch.state === 'written' && batch.id < 0) {",
      },
      {
        file: 'src/delivery/content/parcel.ts',
        find: 'const sequence = numbered.sequence ?? (await reserve(store.database, numbered));',
        put: 'const sequence = await reserve(store.database, numbered);',
      },
    ],
    red: [zeros.inTwoFiles],
    favour: ['trouble', 'cut_in_mid_file'],
  },
  {
    name: 'a token kept in clear',
    // Whoever reads the database reads what lets in.
    patches: [
      {
        file: 'src/store/destinations/access-credentials.ts',
        find: 'const sealed = sealBytes(derived(key.bytes, purposeOf(name)), Buffer.from(JSON.stringify(kept)));',
        put: 'const sealed = Buffer.from(JSON.stringify(kept));',
      },
      {
        file: 'src/store/destinations/access-credentials.ts',
        find: 'sealed === null ? undefined : openWith(keys, { keyId, bytes: sealed, purpose: purposeOf(name) });\n  return plain',
        put: 'sealed ?? undefined;\n  return plain',
      },
    ],
    red: [zeros.exposed],
  },
  {
    name: 'a token in Redis',
    // As a cache that all workers share. Connected when it is used: the storm's own process never ends else.
    patches: [
      {
        file: 'src/delivery/content/credentials.ts',
        find: "log.info('credential.got', { client: clientId, durationMs });",
        put: "await shared.set(`${process.env['RELAIS_REDIS_PREFIX'] ?? ''}:token`, got.token);",
      },
      {
        file: 'src/delivery/content/credentials.ts',
        find: 'interface CredentialsOptions {',
        put: "import { Redis } from 'ioredis';\nconst shared = new Redis(process.env['RELAIS_REDIS_URL'] ?? '', { lazyConnect: true }).on('error', () => undefined);\ninterface CredentialsOptions {",
      },
    ],
    red: [zeros.exposed],
    like: /Redis/,
    undisturbed: true,
  },
];
