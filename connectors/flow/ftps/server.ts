// Declares the FTPS transport: the settings of the server, their checks, and how to open its drop.
// Invariant: there is no plain FTP; the server's certificate is verified, and no secret is in clear.
import { blockOf, oneOf, textOf, problemIf } from '../../contract.ts';
import { tlsProblems, tlsSchema, tlsTexts } from '../../access/tls.ts';
import { certificateRows } from '../../access/words.ts';
import { clearTextProblem, secretSchema } from '../../guard.ts';
import { secretValue } from '../drop.ts';
import { defineTransport } from '../transport.ts';
import { portOf, type FtpsServer } from './settings.ts';

export type { FtpsServer } from './settings.ts';

const load = () => import('./drop.ts');

export const ftpsTransport = defineTransport<FtpsServer>({
  scheme: 'ftps',
  isOf: (server) => 'host' in server,
  schema: blockOf('An FTPS server: FTP over TLS.', ['host', 'user', 'password'], {
    host: textOf('Name of the server.', 253),
    port: {
      type: 'integer',
      minimum: 1,
      maximum: 65535,
      description: 'Port; 21 when absent, 990 for implicit.',
    },
    user: textOf('User name, or secret:NAME.', 200),
    password: secretSchema('secret:NAME of the password.'),
    encryption: oneOf(
      'TLS begun by AUTH TLS (explicit), or from the first byte (implicit).',
      ['explicit', 'implicit'],
      'explicit',
    ),
    tls: tlsSchema,
  }),
  misplaced: [
    'Un serveur FTPS va avec to: ftps:NOM/…. Un serveur SFTP a besoin de hostKey: SHA256:…, comme ssh-keygen -lf l’écrit.',
    'An FTPS server needs to: ftps:NAME/…. An SFTP server needs hostKey: SHA256:… as ssh-keygen -lf prints it.',
  ],
  problems: ({ password, tls, port, encryption }) => [
    ...clearTextProblem('/server/password', password),
    ...tlsProblems('/server/tls', tls),
    ...problemIf(port === 990 && encryption !== 'implicit', '/server/port', [
      'Le port 990 parle TLS dès le premier octet : écrivez encryption: implicit.',
      'Port 990 speaks TLS from the first byte: write encryption: implicit.',
    ]),
    ...problemIf(port === 22, '/server/port', [
      'Le port 22 est celui de SFTP, qui a besoin de hostKey.',
      'Port 22 is that of SFTP, which needs hostKey.',
    ]),
  ],
  hosts: ({ host }) => [host.toLowerCase()],
  root: (server) => `${server.host}:${portOf(server)}`,
  secrets: ({ user, password, tls }) => [user, password, ...tlsTexts(tls)],
  tls: ({ tls }) => tls,
  words: ({ encryption = 'explicit', tls }) => [
    {
      point: ['Protocole', 'Protocol'],
      agreed: [
        `FTPS (TLS ${encryption === 'explicit' ? 'explicite' : 'implicite'})`,
        `FTPS (${encryption} TLS)`,
      ],
    },
    ...certificateRows(tls),
  ],
  load,
  open: async (server, context, deadline) => {
    const valueOf = secretValue(context);
    const login = { user: valueOf(server.user), password: valueOf(server.password) };
    const { openFtpsDrop } = await load();
    return await openFtpsDrop(server, login, context, deadline);
  },
});
