// Declares the SFTP transport: the settings of the server, their checks, and how to open its drop.
// Invariant: its host key is pinned, and no secret is in clear.
import { blockOf, formedText, textOf, problemIf, type JsonSchema } from '../../contract.ts';
import { clearTextProblem, secretSchema } from '../../guard.ts';
import { secretValue } from '../drop.ts';
import { defineTransport } from '../transport.ts';
import type { SftpServer } from './drop.ts';

export type { SftpServer } from './drop.ts';

const pinned: JsonSchema = formedText(
  'SHA256:… as ssh-keygen -lf prints it.',
  '^SHA256:[A-Za-z0-9+/]{43}=?$',
  'SHA256:…, comme ssh-keygen -lf l’écrit.',
);

const load = () => import('./drop.ts');

export const sftpTransport = defineTransport<SftpServer>({
  scheme: 'sftp',
  isOf: (server) => 'hostKey' in server,
  schema: blockOf('An SFTP server.', ['host', 'user', 'hostKey'], {
    host: textOf('Name of the server.', 253),
    port: { type: 'integer', minimum: 1, maximum: 65535, default: 22, description: 'Port.' },
    user: textOf('User name.', 200),
    password: secretSchema('secret:NAME of the password.'),
    privateKey: secretSchema('secret:NAME of the private key (PEM or OpenSSH).'),
    passphrase: secretSchema('secret:NAME of the passphrase of the private key.'),
    hostKey: {
      description: 'Fingerprint of the host key: the server must show it. Several during a change of key.',
      'x-forme': 'SHA256:…, comme ssh-keygen -lf l’écrit, ou une liste de ceux-ci.',
      anyOf: [
        pinned,
        { type: 'array', minItems: 1, maxItems: 5, items: pinned, description: 'Accepted fingerprints.' },
      ],
    },
  }),
  misplaced: ['Un serveur SFTP va avec to: sftp:NOM/….', 'An SFTP server needs to: sftp:NAME/….'],
  problems: ({ password, privateKey, passphrase }) => [
    ...problemIf((password === undefined) === (privateKey === undefined), '/server', [
      'Exactement l’un de password et privateKey.',
      'Exactly one of password and privateKey.',
    ]),
    ...clearTextProblem('/server/password', password),
    ...clearTextProblem('/server/privateKey', privateKey),
    ...clearTextProblem('/server/passphrase', passphrase),
  ],
  hosts: ({ host }) => [host.toLowerCase()],
  root: ({ host, port = 22 }) => `${host}:${port}`,
  secrets: ({ user, password, privateKey, passphrase }) => [user, password, privateKey, passphrase],
  load,
  open: async (server, context, deadline) => {
    const { user, password, privateKey, passphrase } = server;
    const valueOf = secretValue(context);
    const login = {
      user: valueOf(user),
      ...(password === undefined ? {} : { password: valueOf(password) }),
      ...(privateKey === undefined ? {} : { privateKey: valueOf(privateKey) }),
      ...(passphrase === undefined ? {} : { passphrase: valueOf(passphrase) }),
    };
    const { openSftpDrop } = await load();
    return await openSftpDrop(server, login, context.network, context.timeouts, deadline);
  },
});
