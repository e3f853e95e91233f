// The flows of the storm's client: one content, four ways to carry it.
// Invariant: patient as the others; every row bears its delivery's key.
import { s3Bucket } from '../../connectors/servers/s3.ts';

/** A folder, FTPS, a bucket of S3, and HTTPS PUT behind OAuth2 with a packed file. */
export const flows = ['essai-csv', 'essai-ftps', 'essai-s3', 'essai-put'] as const;
export type FileDestination = (typeof flows)[number];
export const isFlow = (id: string): id is FileDestination => flows.some((one) => one === id);

/** The servers' ports, and the folder of the one without a server. */
export interface FilePlaces {
  readonly folder: string;
  readonly ftps: number;
  readonly s3: number;
  readonly put: number;
}

const programmes: Readonly<Record<FileDestination, string>> = {
  'essai-csv': 'ES-FILE',
  'essai-ftps': 'ES-FTPS',
  'essai-s3': 'ES-BUCKET',
  'essai-put': 'ES-PUT',
};

/** As contract and authorisation name it. */
export const targetOf = (id: FileDestination): string =>
  ({
    'essai-csv': 'local:essai/in',
    'essai-ftps': 'ftps:essai/in',
    'essai-s3': 's3:essai/in',
    'essai-put': 'https:essai/in',
  })[id];

const serverOf = (id: FileDestination, { folder, ftps, s3, put }: FilePlaces, oauth2: string): string => {
  switch (id) {
    case 'essai-csv':
      return `{ folder: '${folder}' }`;
    case 'essai-ftps':
      return `{ host: localhost, port: ${ftps}, user: relais, password: secret:FTPS }`;
    case 'essai-s3':
      return `{ endpoint: 'https://localhost:${s3}', region: eu-west-3, bucket: ${s3Bucket}, addressing: path, accessKeyId: secret:S3_KEY, secretAccessKey: secret:S3_SECRET }`;
    case 'essai-put':
      return `{ url: 'https://localhost:${put}/files', auth: { ${oauth2} } }`;
  }
};

export function flowFile(
  id: FileDestination,
  places: FilePlaces,
  { consent, usual, oauth2 }: { readonly consent: string; readonly usual: string; readonly oauth2: string },
): string {
  return `destination: ${id}
connector: flow
file:
  name: 'LEADS_{seq:6}.csv'
  to: ${targetOf(id)}
  server: ${serverOf(id, places, oauth2)}
  schedule: { cron: '* * * * *' }
${id === 'essai-put' ? '  compress: gzip\n  openpgp: { encryptTo: secret:FILE_KEY }' : ''}
${usual}
accepts: { programme: ['${programmes[id]}*'] }
csv: { delimiter: ';', quote: all, encoding: utf-8, eol: lf, header: true, formulaGuard: false }
consent:
  - ${consent}
fields:
  - { to: CLE, from: delivery.key }
  - { to: ACTION, from: delivery.action }
  - { to: REF, from: id }
  - { to: NOM, from: identity.lastName, required: true }
update: {}
erase: { fields: [{ to: CLE, from: delivery.key }, { to: ACTION, from: delivery.action }, { to: REF, from: id }] }
`;
}
