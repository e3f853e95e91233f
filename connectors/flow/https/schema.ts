// The JSON Schema of a server that takes files by HTTPS.
// Invariant: data only.
import { blockOf, formedText, textOf, type JsonSchema } from '../../contract.ts';

export const httpsSchema = (auth: JsonSchema, tls: JsonSchema): JsonSchema =>
  blockOf('A server that takes files by HTTPS.', ['url'], {
    url: textOf('https address below which files stand: HEAD and GET of url/folder/name see them.', 1000),
    post: blockOf('Files are posted to this address; absent, each is put at its own.', ['url'], {
      url: textOf('https address that takes files; may hold {name}.', 1000),
      field: formedText(
        'Field of a multipart form; absent, the file is the body.',
        '^[A-Za-z0-9_.-]{1,60}$',
        'lettres, chiffres, _ . -',
      ),
    }),
    auth,
    conditional: {
      type: 'boolean',
      default: true,
      description: 'false only for a server that refuses If-None-Match.',
    },
    tls,
  });
