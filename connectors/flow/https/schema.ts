// The JSON Schema of a server that takes files by HTTPS.
// Invariant: data only.
import type { JsonSchema } from '../../contract.ts';

export const httpsSchema = (auth: JsonSchema, tls: JsonSchema): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  description: 'A server that takes files by HTTPS.',
  properties: {
    url: {
      type: 'string',
      minLength: 1,
      maxLength: 1000,
      description: 'https address below which files stand: HEAD and GET of url/folder/name see them.',
    },
    post: {
      type: 'object',
      additionalProperties: false,
      required: ['url'],
      description: 'Files are posted to this address; absent, each is put at its own.',
      properties: {
        url: {
          type: 'string',
          minLength: 1,
          maxLength: 1000,
          description: 'https address that takes files; may hold {name}.',
        },
        field: {
          type: 'string',
          pattern: '^[A-Za-z0-9_.-]{1,60}$',
          'x-forme': 'lettres, chiffres, _ . -',
          description: 'Field of a multipart form; absent, the file is the body.',
        },
      },
    },
    auth,
    conditional: {
      type: 'boolean',
      default: true,
      description: 'false only for a server that refuses If-None-Match.',
    },
    tls,
  },
});
