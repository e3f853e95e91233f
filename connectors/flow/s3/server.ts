// Declares the transport to S3-compatible storage: its settings, their checks, and how to open its drop.
// Invariant: keys are secrets; without conditional writes, which the check reports, only the look-up before keeps an object
// from being replaced.
import { blockOf, formedText, oneOf, textOf, problemIf } from '../../contract.ts';
import { tlsProblems, tlsSchema, tlsTexts } from '../../access/tls.ts';
import { certificateRows } from '../../access/words.ts';
import { bareHost, clearTextProblem, secretSchema } from '../../guard.ts';
import { addressProblems, isInClear } from '../../guard/addresses.ts';
import { secretValue } from '../drop.ts';
import { defineTransport } from '../transport.ts';
import { bucketUrl, type S3Server } from './bucket.ts';

export type { S3Server } from './bucket.ts';

const load = () => import('./drop.ts');

export const s3Transport = defineTransport<S3Server>({
  scheme: 's3',
  isOf: (server) => 'bucket' in server,
  schema: blockOf('S3-compatible storage.', ['bucket', 'region', 'accessKeyId', 'secretAccessKey'], {
    bucket: formedText(
      'Name of the bucket.',
      '^[a-z0-9][a-z0-9.-]{1,62}$',
      'un nom de compartiment : minuscules, chiffres, points et tirets.',
    ),
    region: formedText('Region, e.g. eu-west-3.', '^[a-z0-9-]{1,40}$', 'une région, comme eu-west-3.'),
    endpoint: textOf('https address of the storage; that of AWS in the region when absent.', 300),
    addressing: oneOf(
      'Place of the bucket: before the host name, or as the first step of the path.',
      ['host', 'path'],
      'host',
    ),
    accessKeyId: secretSchema('secret:NAME of the access key.'),
    secretAccessKey: secretSchema('secret:NAME of the secret access key.'),
    conditional: {
      type: 'boolean',
      default: true,
      description: 'false only for a storage that refuses If-None-Match.',
    },
    tls: tlsSchema,
  }),
  misplaced: [
    'Un stockage avec un compartiment (bucket) va avec to: s3:NOM/….',
    'Storage with a bucket needs to: s3:NAME/….',
  ],
  problems: ({ accessKeyId, secretAccessKey, endpoint, tls }, { tempSuffix }) => [
    ...clearTextProblem('/server/accessKeyId', accessKeyId),
    ...clearTextProblem('/server/secretAccessKey', secretAccessKey),
    ...(endpoint === undefined ? [] : addressProblems('/server/endpoint', endpoint)),
    ...tlsProblems('/server/tls', tls),
    ...problemIf(tempSuffix !== undefined, '/tempSuffix', [
      'Un objet apparaît entier : retirez tempSuffix, rien n’est renommé.',
      'An object appears whole: leave tempSuffix out, nothing is renamed.',
    ]),
  ],
  doubts: ({ conditional }) =>
    problemIf(conditional === false, '/server/conditional', [
      'sans If-None-Match le stockage remplacerait un objet arrivé sous le même nom entre notre regard et notre écriture. Retirez ceci si le stockage le connaît.',
      'without If-None-Match the storage would replace an object that comes under the same name between our look and our writing. Leave it out where the storage knows it.',
    ]),
  hosts: (server) => [bareHost(bucketUrl(server).hostname)],
  inClear: ({ endpoint }) => (endpoint !== undefined && isInClear(endpoint) ? ['/server/endpoint'] : []),
  root: (server) => {
    const { host, pathname } = bucketUrl({ ...server, addressing: 'path' });
    return `${host}${pathname}`;
  },
  secrets: ({ accessKeyId, secretAccessKey, tls }) => [accessKeyId, secretAccessKey, ...tlsTexts(tls)],
  tls: ({ tls }) => tls,
  words: ({ bucket, region, tls }) => [
    {
      point: ['Protocole', 'Protocol'],
      agreed: [`S3, compartiment ${bucket} (${region})`, `S3, bucket ${bucket} (${region})`],
    },
    ...certificateRows(tls),
  ],
  load,
  open: async (server, context, deadline) => {
    const valueOf = secretValue(context);
    const keys = {
      accessKeyId: valueOf(server.accessKeyId),
      secretAccessKey: valueOf(server.secretAccessKey),
    };
    return (await load()).openS3Drop(server, keys, context, deadline);
  },
});
